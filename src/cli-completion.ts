/**
 * `connector completion`: a script for a shell, written from the commands themselves, so that it knows each of them,
 * their options and choices. Guarantees: reads no configuration and asks nobody, now and whenever it completes.
 */
import type { Command, Option } from 'commander';
import { commandsOf, optionsOf, pathOf } from './cli-tree.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Word {
  readonly word: string;
  readonly description: string;
}

/** What may be typed after the words of a command. */
interface Place {
  /** `holds approve`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  /** Choices of its arguments. */
  readonly choices: readonly string[];
  readonly options: readonly Word[];
}

interface Valued {
  readonly flags: readonly string[];
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

interface Tree {
  readonly places: readonly Place[];
  /** Options that take a value. */
  readonly valued: readonly Valued[];
}

export function completionScript(program: Command, shell: Shell): string {
  const tree = read(program);
  switch (shell) {
    case 'bash':
      return bash(tree);
    case 'zsh':
      return zsh(tree);
    case 'fish':
      return fish(tree);
  }
}

function read(program: Command): Tree {
  const all = [program, ...commandsOf(program)];
  const valued = new Map<string, Valued>();
  for (const option of all.flatMap(optionsOf)) {
    if (!option.required && !option.optional) continue;
    const isFile = option.flags.includes('<file>');
    valued.set(option.flags, { flags: flagsOf(option), choices: option.argChoices ?? [], isFile });
  }
  return { places: all.map(placeOf), valued: [...valued.values()] };
}

function placeOf(command: Command): Place {
  return {
    path: pathOf(command),
    commands: command.commands.map((own) => ({ word: own.name(), description: own.description() })),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    options: [
      ...optionsOf(command).flatMap((option) =>
        flagsOf(option).map((word) => ({ word, description: option.description })),
      ),
      { word: '--help', description: 'what it does' },
    ],
  };
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** In single quotes, for every one of the three. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function words(list: readonly Word[]): string[] {
  return list.map(({ word }) => word);
}

/** From one place to the next: `holds` and `approve` lead to `holds approve`. */
function steps({ places }: Tree): { readonly from: string; readonly word: string; readonly to: string }[] {
  return places.flatMap(({ path, commands }) =>
    commands.map(({ word }) => ({ from: path, word, to: path === '' ? word : `${path} ${word}` })),
  );
}

function bash(tree: Tree): string {
  const choices = tree.valued.filter((option) => option.choices.length > 0);
  const others = tree.valued.filter((option) => option.choices.length === 0);
  return `# connector completion bash
_connector() {
  local place='' word i words=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$place|$word" in
      ${steps(tree)
        .map(({ from, word, to }) => `${quoted(`${from}|${word}`)}) place=${quoted(to)} ;;`)
        .join('\n      ')}
      ${tree.valued.flatMap(({ flags }) => flags.map((flag) => `*${quoted(`|${flag}`)}`)).join(' | ')}) ((i++)) ;;
    esac
  done
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${choices.map((option) => `${option.flags.join(' | ')}) place='' words=${quoted(option.choices.join(' '))} ;;`).join('\n    ')}
    ${others.flatMap(({ flags }) => flags).join(' | ')}) COMPREPLY=() && return ;;
    *)
      case "$place" in
        ${tree.places
          .map(
            ({ path, commands, choices: own, options }) =>
              `${quoted(path)}) words=${quoted([...words(commands), ...own, ...words(options)].join(' '))} ;;`,
          )
          .join('\n        ')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _connector connector
`;
}

/** `_describe` takes what stands after the first colon for the description. */
function described({ word, description }: Word): string {
  return quoted(`${word}:${description.replaceAll(':', '\\:')}`);
}

function zsh(tree: Tree): string {
  const actionOf = ({ choices, isFile }: Valued): string =>
    choices.length > 0 ? `compadd -- ${choices.join(' ')}` : isFile ? '_files' : '_message value';
  return `#compdef connector
_connector() {
  local place='' word i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$place|$word" in
      ${steps(tree)
        .map(({ from, word, to }) => `(${quoted(`${from}|${word}`)}) place=${quoted(to)} ;;`)
        .join('\n      ')}
      (${tree.valued.flatMap(({ flags }) => flags.map((flag) => `*${quoted(`|${flag}`)}`)).join('|')}) ((i++)) ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
    ${tree.valued.map((option) => `(${option.flags.join('|')}) ${actionOf(option)}; return ;;`).join('\n    ')}
  esac
  case "$place" in
    ${tree.places
      .map(
        ({ path, commands, choices, options }) =>
          `(${quoted(path)}) commands=(${[...commands.map(described), ...choices.map(quoted)].join(' ')}) options=(${options.map(described).join(' ')}) ;;`,
      )
      .join('\n    ')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ $funcstack[1] == _connector ]]; then
  _connector "$@"
else
  compdef _connector connector
fi
`;
}

function fish(tree: Tree): string {
  const lines = tree.places.flatMap(({ path, commands, choices, options }) => {
    const here = `complete -c connector -n ${quoted(`__connector_at "${path}"`)}`;
    return [
      ...commands.map(({ word, description }) => `${here} -f -a ${word} -d ${fishText(description)}`),
      ...choices.map((word) => `${here} -f -a ${word}`),
      ...options.map(({ word, description }) => {
        const option = tree.valued.find(({ flags }) => flags.includes(word));
        const value =
          option === undefined
            ? ''
            : option.choices.length > 0
              ? ` -x -a ${quoted(option.choices.join(' '))}`
              : option.isFile
                ? ' -r -F'
                : ' -x';
        const flag = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        return `${here} ${flag}${value} -d ${fishText(description)}`;
      }),
    ];
  });
  return `# connector completion fish
function __connector_at
  set -l place ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$place|$word"
      ${steps(tree)
        .map(({ from, word, to }) => `case ${quoted(`${from}|${word}`)}\n        set place ${quoted(to)}`)
        .join('\n      ')}
      case ${tree.valued.flatMap(({ flags }) => flags.map((flag) => quoted(`*|${flag}`))).join(' ')}
        set skip 1
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join('\n')}
`;
}

/** Between single quotes fish knows two escapes of its own. */
function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
