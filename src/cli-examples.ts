/**
 * An example or more for every command, shown below its help. Guarantees: a test parses each of them against the
 * commands, so that none can name what is not there. Ids and addresses are invented.
 */
import type { Command } from 'commander';
import { commandsOf, pathOf } from './cli-tree.ts';

const guid = '3f2a1b4c-0d5e-4f60-8a7b-9c8d7e6f5a4b';

/** By the words of the command; each a command line without `connector`. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  start: ['start', 'start --config /etc/connector.yaml --log-level warn', 'start --abandon former-target'],
  sync: ['sync', 'sync --json'],
  reconcile: ['reconcile'],
  rekey: ['rekey'],
  'move-storage': ['move-storage', 'move-storage --json'],
  check: ['check', 'check --json'],
  status: ['status', 'status --json'],
  errors: ['errors', 'errors DATABASE_UNREACHABLE'],
  explain: [`explain contact/${guid}`, `explain lead/${guid} --lookup`, `explain contact/${guid} --json`],
  preview: [
    'preview --lookup',
    'preview --set rules.anonymizeContactWhenInactive=true --list',
    'preview --table contact --sample 500 --json',
  ],
  audit: ['audit', 'audit --sample 500', 'audit --repair'],
  report: [`report contact/${guid}`],
  evidence: [`evidence contact/${guid}`, `evidence contact/${guid} --csv`],
  'evidence verify': ['evidence verify', `evidence verify --contains ${'0123456789abcdef'.repeat(4)}`],
  setup: ['setup --dry-run', 'setup', 'setup --yes --solution ContosoConnector --publisher contoso'],
  erase: [`erase contact/${guid}`, 'erase --email somebody@people.example', 'erase --file ids.txt --no-wait'],
  holds: ['holds', 'holds --json'],
  'holds show': ['holds show 7'],
  'holds approve': ['holds approve 7'],
  'holds reject': ['holds reject 7'],
  parked: ['parked', 'parked --json'],
  'parked retry': ['parked retry', `parked retry contact/${guid}`],
  pause: ['pause main'],
  resume: ['resume main'],
  targets: ['targets accept main'],
  'targets accept': ['targets accept main'],
  suppress: ['suppress somebody@people.example', `suppress contact/${guid}`],
  unsuppress: ['unsuppress somebody@people.example'],
  completion: [
    'completion bash > /etc/bash_completion.d/connector',
    'completion zsh > /usr/local/share/zsh/site-functions/_connector',
    'completion fish > ~/.config/fish/completions/connector.fish',
  ],
};

/** Below the help of each command. */
export function addExamples(program: Command): void {
  for (const command of commandsOf(program)) {
    const own = examples[pathOf(command)];
    if (own) command.addHelpText('after', ['\nExamples:', ...own.map((line) => `  connector ${line}`)].join('\n'));
  }
}
