"""The component `rnn_translator` passes the checks that all components pass."""

from tests.component_case import ComponentCase
from tests.component_checks import ComponentChecks
from tests.translation.translator_case import TRANSLATOR


class TestTranslator(ComponentChecks):
    case: ComponentCase = TRANSLATOR
