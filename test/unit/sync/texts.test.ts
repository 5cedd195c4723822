import { describe, expect, it } from '@jest/globals';
import { jobLanguages } from '../../../config/words.ts';
import { columnTexts, optionTexts } from '../../../src/dataverse/provisioning/texts.ts';
import type { ErasureTargetRow } from '../../../src/store/tables.ts';
import type { Core } from '../../../src/sync/core.ts';
import { subjectOf } from '../../../src/sync/marketing-jobs.ts';
import { targetSentence } from '../../../src/sync/settle.ts';
import { english, jobTexts, textsOf } from '../../../src/sync/texts/index.ts';

const translated = jobLanguages.filter((language) => language !== 'en');

/** Every sentence by its place, with numbered marks for what is put into it. */
function sentences(node: unknown, place: string): [place: string, sentence: string, marks: string[]][] {
  if (typeof node === 'string') return [[place, node, []]];
  if (typeof node === 'function') {
    const marks = Array.from({ length: node.length }, (_, index) => `⟦${index}⟧`);
    return [[place, String(node(...marks)), marks]];
  }
  return Object.entries(node as object).flatMap(([key, inner]) => sentences(inner, `${place}.${key}`));
}

describe.each(jobLanguages)('the texts in %s', (language) => {
  const all = sentences(jobTexts[language], language);

  it('say everything that is put into them', () => {
    const silent = all.filter(([, sentence, marks]) => !marks.every((mark) => sentence.includes(mark)));

    expect(all.length).toBeGreaterThan(30);
    expect(silent.map(([place]) => place)).toEqual([]);
  });

  it('fit the memo of a job for eight targets that have much to say', () => {
    const { erasure, waiting } = jobTexts[language];
    const line = [erasure.erased('newsletter-main', 204), erasure.purgedWithin(30), erasure.vendorBackups(90)].join(
      ' ',
    );
    const open = erasure.notYet('newsletter-main', waiting.outsidePilot);

    expect(8 * Math.max(line.length, open.length) + erasure.keepOut.length).toBeLessThan(4000);
  });

  it('call columns and choices as connector setup does', () => {
    const { refusals } = jobTexts[language];
    const { customer, lead, recordId, recordTable } = columnTexts;
    const { anonymizeContact, syncContact } = optionTexts;

    for (const label of [anonymizeContact, syncContact]) expect(refusals.operationUnknown).toContain(label[language]);
    for (const label of [customer, lead]) expect(refusals.bothGiven).toContain(label[language]);
    for (const label of [recordId, recordTable]) expect(refusals.notARecord).toContain(label[language]);
    for (const label of [customer, lead, recordId, recordTable])
      expect(refusals.nobodyGiven).toContain(label[language]);
  });

  it('are the ones of the setting', () => {
    expect(textsOf({ marketingJobs: { language } as never })).toBe(jobTexts[language]);
  });
});

it.each(translated)('nothing is left in English in %s', (language) => {
  const own = new Map(sentences(jobTexts[language], '').map(([place, sentence]) => [place, sentence]));
  const same = sentences(english, '').filter(([place, sentence]) => own.get(place) === sentence);

  expect(same.map(([place]) => place)).toEqual([]);
});

it('are English without a table of jobs', () => {
  expect(textsOf({})).toBe(english);
});

const core = {
  targets: new Map([
    ['main', { settings: { name: 'main' }, platform: { capabilities: { erase: { purgeDays: 30 }, manualSteps: [] } } }],
  ]),
  settings: { brake: { maxExplicitPerHour: 7 }, erasure: { blockWhen: { column: 'new_legalhold', equals: true } } },
} as unknown as Core;

function rowOf(more: Partial<ErasureTargetRow>): ErasureTargetRow {
  return { target: 'main', state: 'pending', status: null, waiting_code: null, waiting_reason: null, ...more } as never;
}

describe('what a target says of an erasure', () => {
  it.each([
    ['nl', 'main: gewist (HTTP 410). Het platform verwijdert zijn laatste kopie binnen 30 dagen.'],
    ['de', 'main: gelöscht (HTTP 410). Die Plattform entfernt ihre letzte Kopie innerhalb von 30 Tagen.'],
    ['fr', 'main : effacé (HTTP 410). La plateforme supprime sa dernière copie dans les 30 jours.'],
  ] as const)('is said in %s when it is done', (language, sentence) => {
    expect(targetSentence(core, rowOf({ state: 'done', status: 410 }), jobTexts[language])).toBe(sentence);
  });

  it.each([
    ['EXPLICIT_LIMIT', english.waiting.explicitLimit(7), jobTexts.de.waiting.explicitLimit(7)],
    ['EXPLICIT_REJECTED', english.waiting.explicitRejected, jobTexts.de.waiting.explicitRejected],
    [
      'BLOCKED_BY_CRM',
      english.waiting.blockedByCrm('new_legalhold'),
      jobTexts.de.waiting.blockedByCrm('new_legalhold'),
    ],
    ['LATE_EFFECT', english.waiting.lateEffect, jobTexts.de.waiting.lateEffect],
    ['UNEXPECTED', english.waiting.unexpected, jobTexts.de.waiting.unexpected],
    ['LEASE_LOST', english.waiting.unexpected, jobTexts.de.waiting.unexpected],
    ['NOT_IN_PILOT', english.waiting.outsidePilot, jobTexts.de.waiting.outsidePilot],
  ])('is translated where the connector itself waits (%s)', (code, stored, german) => {
    const row = rowOf({ waiting_code: code, waiting_reason: stored });

    expect(targetSentence(core, row, jobTexts.de)).toBe(`main: noch nicht gelöscht: ${german}`);
    expect(targetSentence(core, row)).toBe(`main: not erased yet: ${stored}`);
  });

  it('passes on what the adapter says of its platform, inside a translated sentence', () => {
    const row = rowOf({ waiting_code: 'MANUAL', waiting_reason: 'to be erased by hand in Spotler.' });

    expect(targetSentence(core, row, jobTexts.fr)).toBe('main : pas encore effacé : to be erased by hand in Spotler.');
  });
});

it.each(jobLanguages)('a job that names nobody is refused in %s', (language) => {
  const job = { operation: 'syncContact' } as Parameters<typeof subjectOf>[0];

  expect(subjectOf(job, jobTexts[language])).toEqual({ refusal: jobTexts[language].refusals.nobodyGiven });
});
