/**
 * `connector evidence`: what was done about a record, for people, for a program or for a spreadsheet, and whether the
 * evidence is as it was sealed. Prints ids, codes and our own sentences; no value of a row.
 */
import type { RecordRef } from '../config/words.ts';
import type { CommandContext, ExitCode } from './cli-context.ts';
import { evidenceCells } from './cli-explain.ts';
import { count, table } from './cli-format.ts';
import type { EvidenceLine } from './store/evidence.ts';
import type { SealFinding, SealReport } from './store/evidence-seals.ts';
import { verifyEvidence } from './sync/seal-evidence.ts';

/** Rows about one record that are shown at most, the newest ones. */
export const mostLines = 10_000;

const columns = [
  'id',
  'at',
  'target',
  'crm_table',
  'record_id',
  'members',
  'act',
  'rule',
  'trigger',
  'outcome',
  'status',
  'request_id',
  'answered_at',
  'detail',
  'actor',
  'configuration',
  'seal',
] as const satisfies readonly (keyof EvidenceLine)[];

/** Oldest first: it reads as it happened. */
export async function showEvidence(
  { app, options, output }: CommandContext,
  ref: RecordRef,
  csv: boolean,
): Promise<ExitCode> {
  const lines = (await app.core.store.evidence.of(ref, mostLines)).reverse();
  if (csv) for (const line of csvLines(lines)) output.line(line);
  else if (options.json) output.json(lines);
  else if (lines.length === 0) output.line('there is no evidence of this record');
  else
    for (const line of table(lines.map((row) => [...evidenceCells(row).slice(0, 3), sealText(row), wordsOf(row)])))
      output.line(line);
  return 0;
}

function sealText({ seal }: EvidenceLine): string {
  return seal === null ? 'not sealed yet' : `seal ${seal}`;
}

function wordsOf(line: EvidenceLine): string {
  const why = line.trigger && line.trigger !== 'change' ? `asked for by ${line.trigger}` : '';
  return [evidenceCells(line)[3], why].filter(Boolean).join(', ');
}

/** RFC 4180: CRLF is the terminal's and the file's own line end here. */
export function csvLines(lines: readonly EvidenceLine[]): string[] {
  return [columns.join(','), ...lines.map((line) => columns.map((name) => cell(line[name])).join(','))];
}

function cell(value: EvidenceLine[(typeof columns)[number]]): string {
  if (value === null) return '';
  const text = value instanceof Date ? value.toISOString() : Array.isArray(value) ? value.join(' ') : String(value);
  // A spreadsheet would take the first for a formula.
  const plain = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export async function verify({ app, options, output }: CommandContext, contains?: string): Promise<ExitCode> {
  const report = await verifyEvidence(app.core, contains?.trim().toLowerCase());
  const isSound = report.findings.length === 0 && report.contains !== false;
  if (options.json) output.json({ ...report, sound: isSound });
  else for (const line of reportLines(report, contains)) output.line(line);
  return isSound ? 0 : 1;
}

export function reportLines(report: SealReport, contains: string | undefined): string[] {
  const { newest, findings } = report;
  return [
    `${count(report.rows, 'row')}, ${count(report.seals, 'seal')}; ${count(report.waiting, 'row')} not sealed yet, ${count(report.dropped, 'row')} dropped after the time they are kept`,
    ...(newest ? [`newest seal: ${newest.id} ${newest.hash}`] : []),
    ...(report.contains === false ? [`there is no seal with the hash ${contains}: seals are missing`] : []),
    ...findings.map(sentenceOf),
    findings.length === 0 && report.contains !== false
      ? 'the evidence is as it was sealed'
      : 'the evidence was changed',
  ];
}

function sentenceOf({ kind, seal, row }: SealFinding): string {
  const where = seal === undefined ? '' : ` (seal ${seal})`;
  switch (kind) {
    case 'row-altered':
      return `row ${row}${where} was altered`;
    case 'row-removed':
      return `row ${row}${where} was removed before its time`;
    case 'row-left-out':
      return `row ${row} was kept from being sealed`;
    case 'seal-altered':
      return `seal ${seal} was altered, or what it seals was`;
    case 'seal-removed':
      return `seal ${seal} was removed`;
    case 'seal-not-ours':
      return `seal ${seal} was not made with privacy.hashKey, nor with a key of privacy.previousHashKeys`;
  }
}
