"""Completion in bash, zsh and fish: the questions of these shells, and our answers.

click's own scripts break names with spaces, quotes, commas or backslashes. These pass the line up
to the cursor as it was typed, and return words that the shell, or (for bash, which does not) this
module, quotes in the way the user began. Knows no verb.

The answers keep click's form, so that a completion script saved earlier still reads them:
bash ``type,word``, zsh three lines, fish ``type,word<tab>help``.
"""

from __future__ import annotations

import os
import re
import sys

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_BASH = """\
%(complete_func)s() {
    local answer response
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_TEXT="$2" \\
        %(complete_var)s=bash_complete "${1/#\\~/$HOME}")
    COMPREPLY=()
    while IFS= read -r answer; do
        case $answer in
            dir,*) compopt -o filenames -o dirnames ;;
            file,*) compopt -o filenames -o default ;;
            plain,*) COMPREPLY+=("${answer#*,}") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a words_only described response
    local type key descr
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${(j: :)words[1,CURRENT]}" \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type key descr in ${response}; do
        case $type in
            plain)
                if [[ $descr == _ ]]; then
                    words_only+=("$key")
                else
                    described+=("$key:$descr")
                fi ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#words_only )) && compadd -U -V unsorted -a words_only
}

# As a function from fpath, at its first call or a later one; else read by .zshrc.
if [[ $zsh_eval_context[-1] == (loadautofunc|shfunc) ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -l words (commandline -cpo)
    set -l word (commandline -cpt | string collect)
    for answer in (env %(complete_var)s=fish_complete COMP_WORD="$word" %(prog_name)s $words[2..])
        set -l parts (string split -m 1 , -- $answer)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                printf '%%s\\n' $parts[2]
        end
    end
end

complete --no-files --keep-order --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class _Typed(ShellComplete):
    """Reads the line as it was typed, and completes its last word."""

    typed = ""
    """The last word without its quotes."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor's word, without the program; that word up to the cursor."""
        words, _ = _read(os.environ["COMP_WORDS"])
        if len(words) == 1:  # the cursor is still on the program's name
            return [], ""
        _, *before, self.typed = words
        return [os.path.expanduser(word) for word in before], self.typed

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """The words that fit. Words with line breaks or controls are left out."""
        found = super().get_completions(args, incomplete)
        return [item for item in found if not re.search(r"[\0-\x1f\x7f]", str(item.value))]

    def whole(self, item: CompletionItem) -> str:
        """The replacement of the whole word; keeps ``--option=``."""
        option, equals, _ = self.typed.partition("=")
        keeps = item.type == "plain" and equals and option.startswith("--")
        return f"{option}={item.value}" if keeps else str(item.value)


class Bash(_Typed, BashComplete):
    """bash takes words as they are, and replaces the end of the line that it calls ``$2``.

    That begins after a quote that is still open, which may be in the middle of the word; else at
    the word's beginning, or after its last ``:`` or ``=`` that is not quoted.
    """

    source_template = _BASH

    def format_completion(self, item: CompletionItem) -> str:
        """``type,word``, the word quoted in the way the user began."""
        if item.type != "plain":
            return f"{item.type},{item.value}"
        line = os.environ["COMP_WORDS"]
        # A script saved from the first version does not pass it.
        replaced = os.environ.get("COMP_TEXT", self.typed)
        words, quote = _read(line.removesuffix(replaced))
        text = _quoted(str(item.value).removeprefix(words[-1]), quote)
        # readline takes a quote at its beginning for the one that is open already.
        return f"plain,{quote}{text}" if quote and text.startswith(quote) else f"plain,{text}"


class Zsh(_Typed, ZshComplete):
    """zsh quotes the words itself."""

    source_template = _ZSH

    def format_completion(self, item: CompletionItem) -> str:
        """Three lines: type, word, help."""
        return super().format_completion(CompletionItem(self.whole(item), item.type, item.help))


class Fish(_Typed, FishComplete):
    """fish quotes the words itself."""

    source_template = _FISH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words as fish has read them, since a backslash inside its quotes has a meaning."""
        if "COMP_WORDS" in os.environ:  # a script saved from an earlier version
            return super().get_completion_args()
        words = split_arg_string(os.environ["COMP_WORD"])
        self.typed = words[0] if words else ""
        return [os.path.expanduser(word) for word in sys.argv[1:]], self.typed

    def format_completion(self, item: CompletionItem) -> str:
        """``type,word<tab>help``."""
        return super().format_completion(CompletionItem(self.whole(item), item.type, item.help))


def register() -> None:
    """Let click use these classes for the three shells."""
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)


def _read(line: str) -> tuple[list[str], str]:
    """The words of a line without their quotes, and the quote that is open at its end, if any.

    The last word is the one at the end, empty after a blank. The rules are those of bash(1),
    QUOTING, which are also zsh's.
    """
    words, word, begun, quote = list[str](), "", False, ""
    characters = iter(line)
    for character in characters:
        if not quote and character.isspace():
            if begun:
                words.append(word)
            word, begun = "", False
            continue
        begun = True
        if character == quote:
            quote = ""
        elif character == "\\" and quote != "'":
            escaped = next(characters, "")
            word += escaped if not quote or escaped in '\\"$`' else character + escaped
        elif not quote and character in "'\"":
            quote = character
        else:
            word += character
    return [*words, word], quote


def _quoted(word: str, quote: str) -> str:
    """A word for bash's command line, after an open quote or none (bash(1), QUOTING)."""
    if quote == "'":
        return word.replace("'", "'\\''")
    if quote == '"':
        # bash looks for "!" in these quotes too, and a backslash before it stays.
        return re.sub(r'([\\"$`])', r"\\\1", word).replace("!", '"\\!"')
    return re.sub(r"""([\s\\"'$`!#&();<>|*?\[\]{}^~:=@])""", r"\\\1", word)
