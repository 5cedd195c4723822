/**
 * For commands that do something themselves and have commands of their own (`holds`, `holds approve`): a mistyped word
 * after them is told as an unknown command with the one that was probably meant, as commander does everywhere else.
 */
import type { Command } from 'commander';
import { suggest } from '../config/suggest.ts';
import { commandsOf } from './cli-tree.ts';

export function suggestCommands(program: Command): void {
  for (const parent of commandsOf(program)) {
    const names = parent.commands.map((own) => own.name());
    if (names.length === 0) continue;
    const takesWords = parent.registeredArguments.length > 0;
    parent.allowExcessArguments(!takesWords).hook('preAction', (_parent, acting) => {
      const [word] = acting === parent ? parent.args : [];
      if (word === undefined) return;
      const near = suggest(word, names);
      if (takesWords && near === undefined) return;
      parent.error(`error: unknown command '${word}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
    });
  }
}
