/** The tree of commands as it was built, for whoever walks all of it: examples, completion, tests. Changes nothing. */
import type { Command, Option } from 'commander';

/** Every command below the program, each before its own commands; the built-in help is left out. */
export function commandsOf(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...commandsOf(command)]);
}

/** Its words below the program: `holds approve`. */
export function pathOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) words.unshift(at.name());
  return words.join(' ');
}

/** Its own options and those that every command takes. */
export function optionsOf(command: Command): Option[] {
  const options: Option[] = [];
  for (let at: Command | null = command; at; at = at.parent) options.push(...at.options);
  return options.filter(({ hidden }) => !hidden);
}
