import { ASKING_WORD, type Shell } from "./shells.ts";

const PROGRAM = "durable-streams";

/** How a script gets to where its shell looks for it. */
export const INSTALLING: Readonly<Record<Shell, string>> = {
  bash: `mkdir -p ~/.local/share/bash-completion/completions
${PROGRAM} completion bash > \\
  ~/.local/share/bash-completion/completions/${PROGRAM}
or, without the package bash-completion:
echo 'source <(${PROGRAM} completion bash)' >> ~/.bashrc`,
  zsh: `mkdir -p ~/.zfunc
${PROGRAM} completion zsh > ~/.zfunc/_${PROGRAM}
and in ~/.zshrc, before any compinit:
fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit`,
  fish: `mkdir -p ~/.config/fish/completions
${PROGRAM} completion fish > \\
  ~/.config/fish/completions/${PROGRAM}.fish`,
};

/**
 * Nothing newer than bash 3.2 knows, which macOS has, but for `compopt`: where that is missing, files are offered wherever
 * nothing else is.
 */
const BASH = `# bash completion for ${PROGRAM}
_durable_streams() {
  COMPREPLY=()
  local kind line
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
  done < <(command ${PROGRAM} ${ASKING_WORD} bash "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null)
  case $kind in
    files) ;;
    folders) compopt +o default -o dirnames 2>/dev/null ;;
    *) compopt +o default 2>/dev/null ;;
  esac
  return 0
}
complete -o default -F _durable_streams ${PROGRAM}
`;

const ZSH = `#compdef ${PROGRAM}
# zsh completion for ${PROGRAM}
_durable_streams() {
  local -a answer offers
  answer=("\${(@f)$(command ${PROGRAM} ${ASKING_WORD} zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  offers=("\${(@)answer[2,-1]}")
  case $answer[1] in
    files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
    folders) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
    *) (( $#offers )) && _describe -t words '${PROGRAM}' offers ;;
  esac
}
if [[ $funcstack[1] == _${PROGRAM} ]]; then
  _durable_streams "$@"
else
  compdef _durable_streams ${PROGRAM}
fi
`;

const FISH = `# fish completion for ${PROGRAM}
function __durable_streams_offers
    set -l words (commandline -opc)
    set -e words[1]
    set -l token (commandline -ct)
    set -l current (string unescape -- $token)
    set -l answer (command ${PROGRAM} ${ASKING_WORD} fish $words "$current" 2>/dev/null </dev/null)
    set -l before (string match -r -- '^--[^=]*=' "$token")
    set -l value (string replace -r -- '^--[^=]*=' '' "$token")
    switch "$answer[1]"
        case files
            printf "$before%s\\n" (__fish_complete_path "$value")
        case folders
            printf "$before%s\\n" (__fish_complete_directories "$value")
        case '*'
            set -e answer[1]
            printf '%s\\n' $answer
    end
end
complete -c ${PROGRAM} -f -a '(__durable_streams_offers)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** The script that asks this program, at every key press that wants it, what may follow: it never goes out of date. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
