/** `connector explain`: why a record is treated as it is. Prints flags, ids and sentences, never a value of the row. */

import type { RecordRef } from '../config/words.ts';
import type { CommandContext, ExitCode } from './cli-context.ts';
import { age, table, when } from './cli-format.ts';
import { mendOf, mendOfForeignWord } from './errors/catalogue.ts';
import type { EvidenceLine } from './store/evidence.ts';
import type { DeliveryRow } from './store/tables.ts';
import {
  type ExplainedProfile,
  type ExplainedRecord,
  type ExplainedTarget,
  type Explanation,
  explain,
  type LookUp,
} from './sync/explain.ts';

const evidenceLines = 10;

export async function explainRecord(
  { app, options, output, signal }: CommandContext,
  ref: RecordRef,
  lookUp: boolean,
): Promise<ExitCode> {
  const found = await explain(app.core, ref, { lookUp, evidence: evidenceLines }, signal);
  if (options.json) output.json(found);
  else for (const line of explanationLines(found, Date.now())) output.line(line);
  return 0;
}

export function explanationLines(found: Explanation, now: number): string[] {
  const last = found.lastDecision;
  return [
    found.record,
    found.inLedger ? '' : '  The ledger does not know it yet.',
    last ? `  last applied: ${last.action} (rule ${last.rule}), ${when(last.at)}` : '',
    ...found.targets.flatMap((target) => ['', ...targetLines(target, now)]),
    ...(found.erasures.length > 0 ? ['', 'erasures'] : []),
    ...found.erasures.flatMap((erasure) => [
      `  ${erasure.id}  ${erasure.state}, asked for ${when(erasure.requestedAt)} (${erasure.source})`,
      ...erasure.targets.map((sentence) => `    ${sentence}`),
    ]),
    ...(found.evidence.length > 0 ? ['', 'evidence, newest first'] : []),
    ...table(found.evidence.map(evidenceCells), '  '),
  ].filter((line, index, all) => line !== '' || (index > 0 && all[index - 1] !== ''));
}

export function evidenceCells(line: EvidenceLine): string[] {
  const outcome = line.outcome ? `${line.outcome}${line.status ? ` (HTTP ${line.status})` : ''}` : '';
  const rest = [
    outcome,
    line.rule ? `rule ${line.rule}` : '',
    line.detail ?? '',
    line.actor ? `by ${line.actor}` : '',
    line.request_id ? `request ${line.request_id}` : '',
  ];
  return [when(line.at), line.target ?? '-', line.act, rest.filter((text) => text !== '').join(', ')];
}

function targetLines(target: ExplainedTarget, now: number): string[] {
  const { decision } = target;
  return [
    `target ${target.target}`,
    ...recordLines(target.record, 'facts'),
    ...target.others.flatMap((other) => recordLines(other, `also of this profile: ${other.record}`)),
    '  decision for the profile',
    ...(decision
      ? table(
          [
            ['action', `${decision.action} (rule ${decision.rule}, line ${decision.line} of the combining table)`],
            ['because', decision.sentence],
            ['data of', decision.owner ?? '-'],
            ['next', nextText(target)],
          ],
          '    ',
        )
      : ['    none: a record of it cannot be understood']),
    ...(target.heldBack ? [`    but ${target.heldBack}`] : []),
    ...profileLines(target.profile, 'what the target holds, as the ledger knows it'),
    ...(target.formerProfile ? profileLines(target.formerProfile, 'at its former address') : []),
    ...pendingLines(target.pending, now),
    ...target.holds.map(
      (hold) => `  ${hold.hold === null ? 'at the brake' : `hold ${hold.hold}`}: ${hold.state} (rule ${hold.rule})`,
    ),
    ...(target.lookUp ? lookUpLines(target.lookUp) : []),
  ];
}

function recordLines(record: ExplainedRecord, title: string): string[] {
  if (record.malformed) {
    return [
      `  ${title}`,
      `    The row is there but cannot be understood: ${record.malformed.reason} (${record.malformed.code})`,
    ];
  }
  const facts = Object.entries(record.facts ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [
    `  ${title}`,
    ...wrapped(facts, '    '),
    ...table(
      record.rules
        .map(({ rule, fired, action, sentence }) => [fired ? '→' : ' ', rule, action, fired ? sentence : ''])
        .map((cells) => cells.map(String)),
      '    ',
    ),
    record.verdict ? `    verdict: ${record.verdict.action} (rule ${record.verdict.rule})` : '    verdict: none',
  ];
}

function wrapped(parts: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < 110) lines[lines.length - 1] = `${last}, ${part}`;
    else lines.push(indent + part);
  }
  return lines;
}

function nextText({ next, decision }: ExplainedTarget): string {
  switch (next) {
    case 'nothing':
      return 'nothing has to be sent';
    case 'look up':
      return 'asks the target once whether the person is there from earlier times';
    case 'anonymize':
      return decision?.explicit ? 'is anonymized' : 'is anonymized, if the brake lets it pass';
    case 'write':
      return 'is written';
    case 'reset':
      return 'every permission is set false, then the data is written';
    case 'erasure':
      return 'is left to the open erasure';
    case 'park':
      return 'is parked until the row can be understood';
  }
}

function profileLines(profile: ExplainedProfile, title: string): string[] {
  const rows = [
    ['profile', profile.key],
    ['state', profile.state],
    ['data of', profile.owner ?? '-'],
    ['external ids', profile.contactKeys.length > 0 ? profile.contactKeys.join(', ') : '-'],
  ];
  if (profile.bitsBefore) rows.push(['permissions before', bitsText(profile.bitsBefore)]);
  for (const { kind, ageMs } of profile.openIntents) {
    rows.push(['unanswered', `${kind}, sent ${age(ageMs)} ago`]);
  }
  return [`  ${title}`, ...table(rows, '    ')];
}

function bitsText(bits: Readonly<Record<string, boolean>>): string {
  return Object.entries(bits)
    .map(([name, value]) => `${name} ${value ? 'yes' : 'no'}`)
    .join(', ');
}

function pendingLines(pending: DeliveryRow | undefined, now: number): string[] {
  if (!pending) return ['  pending: nothing was ever owed'];
  const rows: string[][] = [];
  if (pending.parked_code) {
    rows.push(['parked', `${pending.parked_reason ?? ''} (${pending.parked_code})`]);
    rows.push(['mend', mendOf(pending.parked_code) ?? mendOfForeignWord]);
  } else if (pending.staged) rows.push(['waits', 'at the brake, until its lot is counted']);
  else if (pending.due_at === null) rows.push(['owed', 'nothing']);
  else {
    const inMs = pending.due_at.getTime() - now;
    rows.push(['owed', inMs > 0 ? `due in ${age(inMs)}` : 'due now']);
  }
  if (pending.attempts > 0) rows.push(['attempts', String(pending.attempts)]);
  if (pending.lease_until && pending.lease_until.getTime() > now) rows.push(['leased', 'a worker is at it']);
  if (pending.crm_bits) rows.push(['CRM when applied', bitsText(pending.crm_bits)]);
  rows.push(['last applied', when(pending.applied_at)]);
  return ['  pending', ...table(rows, '    ')];
}

function lookUpLines(found: LookUp): string[] {
  if (!found.found) return ['  on the target now: nobody'];
  return [
    `  on the target now: there, external id ${found.contactKey ?? '-'}`,
    ...table(
      found.permissions.map(({ permission, crm, target }) => [
        permission,
        `CRM ${crm ? 'yes' : 'no'}`,
        `target ${target === undefined ? 'unknown' : target ? 'yes' : 'no'}`,
        differenceText(crm, target),
      ]),
      '    ',
    ),
  ];
}

function differenceText(crm: boolean, target: boolean | undefined): string {
  if (target === undefined || crm === target) return '';
  return crm
    ? 'differs: raised only when the CRM value changes to yes, or on a contact that the connector creates'
    : 'differs: lowered by the next write';
}
