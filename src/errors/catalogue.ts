/**
 * Every code that a person can meet: what happened, what the connector does meanwhile, how to mend it. Guarantees: one
 * entry a code (a test compares them with the sources). Codes with a part that differs are found by their form. What a
 * platform calls its own reasons is no code of ours and is not here.
 */
import { boldDeskErrors } from './bolddesk.ts';
import { configurationErrors } from './configuration.ts';
import { dataverseErrors } from './dataverse.ts';
import { dialogInsightErrors } from './dialoginsight.ts';
import { entraErrors } from './entra.ts';
import type { ErrorEntry, ErrorGroup, Meanwhile } from './entry.ts';
import { httpErrors } from './http.ts';
import { jobErrors } from './jobs.ts';
import { keapErrors } from './keap.ts';
import { mailjetErrors } from './mailjet.ts';
import { operationErrors } from './operation.ts';
import { recordErrors } from './records.ts';
import { setupErrors } from './setup.ts';
import { spotlerErrors } from './spotler.ts';
import { storageErrors } from './storage.ts';

/** In the order of the page. */
export const errorGroups: readonly ErrorGroup[] = [
  configurationErrors,
  storageErrors,
  dataverseErrors,
  entraErrors,
  httpErrors,
  recordErrors,
  jobErrors,
  operationErrors,
  spotlerErrors,
  mailjetErrors,
  keapErrors,
  boldDeskErrors,
  dialogInsightErrors,
  setupErrors,
];

export const meanwhileTexts: Readonly<Record<Meanwhile, string>> = {
  retry: 'It is tried again by itself, at growing intervals.',
  wait: 'It waits as long as it was asked to, then goes on by itself.',
  park: 'What is concerned is kept aside; everything else goes on.',
  config: 'The command, table or target that it concerns stops; a worker looks again by itself.',
  gone: 'The connector draws its conclusion by itself.',
  varies: 'That depends; see what happened.',
  open: 'The erasure stays open and is looked at again by itself.',
  result: 'The job is answered.',
  alarm: 'The alarm stays until its cause is gone.',
  note: 'Everything goes on.',
  paused: 'What is owed to the target waits.',
};

export interface KnownError {
  /** As in the catalogue: with the form, where a part differs. */
  readonly code: string;
  readonly group: string;
  readonly meanwhile: string;
  readonly happened: string;
  readonly mend: string;
}

/** Undefined for what is no code of ours. An entry for the whole code goes before one for its form. */
export function knownError(code: string): KnownError | undefined {
  for (const isMeant of [(entry: string) => entry === code, (entry: string) => formOf(entry)?.test(code) === true]) {
    for (const { title, entries } of errorGroups) {
      const found = Object.entries(entries).find(([entry]) => isMeant(entry));
      if (found) return described(found, title);
    }
  }
  return undefined;
}

/** How to mend it; undefined for what is no code of ours. */
export function mendOf(code: string): string | undefined {
  return knownError(code)?.mend;
}

/** For a record that is parked with a word of the platform's. */
export const mendOfForeignWord =
  "The platform's own word for what it does not take: correct the record in Dynamics or the mapping, then: connector parked retry.";

export function described(
  [code, [meanwhile, happened, mend]]: readonly [string, ErrorEntry],
  group: string,
): KnownError {
  return { code, group, meanwhile: meanwhileTexts[meanwhile], happened, mend };
}

function formOf(entry: string): RegExp | undefined {
  if (!entry.includes('<')) return undefined;
  return new RegExp(`^${entry.replace('<status>', '\\d{3}').replace('<WORD>', '[A-Z0-9_]+')}$`);
}
