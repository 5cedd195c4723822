/**
 * `connector report`: answers an access request on the terminal. Guarantees: what a target holds is written to standard
 * output and nowhere else, and only to a terminal unless somebody says otherwise; characters that would steer the
 * terminal are not. Exit code 1 says that the answer is not complete.
 */
import type { RecordRef } from '../config/words.ts';
import { type CommandContext, type ExitCode, usageError } from './cli-context.ts';
import { table } from './cli-format.ts';
import type { HeldContact } from './platforms/platform.ts';
import { type ReportedTarget, report } from './sync/report.ts';

/** Throws CommandError 2. */
export function refuseRedirection(isMeant: boolean): void {
  if (isMeant || process.stdout.isTTY) return;
  throw usageError(
    'the report holds personal data and goes to a terminal only; who redirects it all the same, and deletes it afterwards, adds --redirected',
  );
}

export async function showReport({ app, options, output, signal }: CommandContext, ref: RecordRef): Promise<ExitCode> {
  const { record, targets } = await report(app.core, ref, signal);
  if (options.json) output.json({ record, targets: targets.map(asJson) });
  else for (const line of [record, ...targets.flatMap(targetLines)]) output.line(line);
  return targets.every(({ contacts }) => contacts !== undefined) ? 0 : 1;
}

function asJson({ contacts, ...target }: ReportedTarget): object {
  return {
    ...target,
    supported: contacts !== undefined,
    contacts: contacts?.map(({ contactKey, data }) => ({ contactKey, data: data.reveal() })),
  };
}

function targetLines({ target, platform, others, contacts, found, trouble }: ReportedTarget): string[] {
  const lines = ['', `${target} (${platform})`];
  if (others.length > 0) lines.push(`  shared with ${others.join(', ')}`);
  if (trouble) return [...lines, `  could not be asked: ${trouble.message} (${trouble.code})`];
  if (contacts) return [...lines, ...(contacts.length > 0 ? contacts.flatMap(contactLines) : ['  nobody is there'])];
  const there = found ? `somebody is there, external id ${found.contactKey ?? '-'}` : 'nobody is there';
  return [...lines, `  ${there}; this platform cannot be read through the connector: look at the contact there`];
}

function contactLines({ contactKey, data }: HeldContact): string[] {
  const filled = Object.entries(data.reveal()).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  );
  return [
    `  contact, external id ${contactKey ?? '-'}`,
    ...table(
      filled.map(([name, value]) => [
        printable(name),
        printable(typeof value === 'string' ? value : JSON.stringify(value)),
      ]),
      '    ',
    ),
  ];
}

/** Without control characters: what somebody typed in must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
