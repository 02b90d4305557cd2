"""What runs the blocks of pages finds what is wrong in them."""

import pytest

from seqpipe.files import InputError
from tests.docs.config_blocks import Configs
from tests.docs.project_blocks import check as check_project
from tests.docs.python_blocks import Namespace
from tests.docs.shell_blocks import Shell, commands, is_plain_seqpipe
from tests.docs.test_blocks import Page
from tests.pages import Fence


@pytest.mark.parametrize(
    "body",
    [
        "1 + 1  # 3",
        "print('a')  # b",
        "words = ['a']  # ['b']",
        "'a'  # 'a' and more",
        "assert 1 == 2",
    ],
)
def test_python_that_does_not_do_what_it_says_is_found(body):
    with pytest.raises(AssertionError):
        Namespace("page.md").run(body, 1)


def test_python_that_does_what_it_says_passes():
    names = Namespace("page.md")
    names.run("import numpy\nx = numpy.arange(2)  # [0, 1]\nx.sum() == 1  # True: a sum\n", 1)
    names.run("y = x + 1  # another name\nprint(*y, '#')  # 1 2 #\n", 9)


@pytest.mark.parametrize(
    "body",
    [
        '[components.ner]\nfactory = "rnn_nerd"\n',
        '[components.ner]\nfactory = "rnn_ner"\ntreshold = 0.5\n',
        '[components.ner]\nfactory = "rnn_ner"\nscheme = "BILU"\n',
        '[initialize]\nvectors = "models/vectors"\n',
        "[training]\ndropout = 2.0\n",
        "[trainings]\ndropout = 0.2\n",
    ],
)
def test_part_of_a_config_that_is_wrong_is_found(body, tmp_path):
    with pytest.raises(InputError):
        Configs(tmp_path).check(body)


@pytest.mark.parametrize(
    "body",
    [
        "[components.ner]\nthreshold = 0.5\n",  # of which factory?
        '[components.ner]\nfactory = "rnn_ner"\n\n[initialize.components.ner]\nlabel = null\n',
    ],
)
def test_part_of_a_config_that_hangs_in_the_air_is_found(body, tmp_path):
    with pytest.raises(AssertionError):
        Configs(tmp_path).check(body)


def test_part_of_a_config_stands_on_the_blocks_before_it(tmp_path):
    configs = Configs(tmp_path)
    configs.check('[components.ner]\nfactory = "rnn_ner"\n')
    configs.check("[components.ner]\nthreshold = 0.5\n")
    with pytest.raises(InputError):
        configs.check("[components.ner]\nthreshold = 1.5\n")


@pytest.mark.parametrize("line", ["seqpipe plugin", "false", "cat missing.txt | sort"])
def test_command_that_fails_is_found(line, tmp_path):
    with pytest.raises(ValueError, match="exit code"):
        Shell(tmp_path, []).run(line)


def test_command_that_is_not_run_is_left_out_and_the_others_run(tmp_path):
    Shell(tmp_path, ["false"]).run("# nothing\nfalse --at all\ntouch \\\n  made\n")
    assert (tmp_path / "made").exists()


def test_lines_of_a_shell_block_are_told_apart():
    assert commands("# a\nseqpipe x \\\n  y\n\nls\n") == ["seqpipe x    y", "ls"]
    assert is_plain_seqpipe("seqpipe lm compare m 'a | b'  # > c")
    assert not is_plain_seqpipe("seqpipe lm compare m a > c")
    assert not is_plain_seqpipe("python -m seqpipe")


def test_project_with_an_unknown_key_is_found(tmp_path):
    with pytest.raises(InputError):
        check_project("commands:\n  - name: a\n    skript: [ls]\n", tmp_path)


def test_fence_of_an_unknown_kind_is_found(tmp_path):
    with pytest.raises(ValueError, match="cannot be run"):
        Page("page.md", tmp_path).run(Fence("sh norun", "false", 1))


def test_block_under_a_file_name_is_written(tmp_path):
    Page("page.md", tmp_path).run(Fence("python", "raise ValueError", 1, "a/b.py"))
    assert (tmp_path / "a" / "b.py").read_text(encoding="utf-8") == "raise ValueError"
