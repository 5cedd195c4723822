import { errorGroups, knownError, mendOf } from '../../../src/errors/catalogue.ts';
import { formsIn, kindsIn, productSources, wordsIn } from './codes-in-sources.ts';
import { noCodes } from './no-codes.ts';

const sources = await productSources();
const words = wordsIn(sources);
const forms = formsIn(sources);
const entries = errorGroups.flatMap((group) => Object.entries(group.entries));
const excused = Object.values(noCodes).flat();

/** Made of an outcome's kind: that of a parked record, and what an erasure waits for. */
const outcomes = ['SUPPRESSED', 'REJECTED', 'BLOCKED', 'MANUAL', 'UNSUPPORTED'];
const fromOutcomes = outcomes.flatMap((kind) => [kind, `OUTCOME_${kind}`]);
/** Entra ID's own words, of which these two have a mend of their own. */
const fromEntra = ['ENTRA_INVALID_CLIENT', 'ENTRA_UNAUTHORIZED_CLIENT'];

describe('the catalogue of errors', () => {
  it('has an entry for every code in the sources (else: src/errors, or the list of what is no code)', () => {
    const codes = new Set(entries.map(([code]) => code));
    const unknown = [...words].filter(([word]) => !codes.has(word) && !excused.includes(word));

    expect(unknown).toEqual([]);
  });

  it('has no entry that the sources cannot produce', () => {
    const codes = entries.map(([code]) => code).filter((code) => !code.includes('<'));
    const stale = codes.filter((code) => !words.has(code) && !fromOutcomes.includes(code) && !fromEntra.includes(code));

    expect(stale).toEqual([]);
  });

  it('excuses nothing that is a code, or that is not in the sources any more', () => {
    const codes = new Set(entries.map(([code]) => code));

    expect(excused.filter((word) => codes.has(word) || !words.has(word))).toEqual([]);
  });

  it('has an entry for every form of which a part differs', () => {
    // Those that begin with the part that differs are made with toUpperCase: see below.
    const described = entries.map(([code]) => code).filter((code) => code.includes('<') && !code.startsWith('<'));

    // OUTCOME_ is written out, kind by kind.
    expect([...forms].filter((form) => form !== 'OUTCOME_').sort()).toEqual(
      described.map((code) => code.slice(0, code.indexOf('<'))).sort(),
    );
    expect(outcomes.filter((kind) => knownError(`OUTCOME_${kind}`) === undefined)).toEqual([]);
  });

  it('knows every outcome of a platform that is neither done nor absent', async () => {
    const port = sources.find(({ path }) => path === 'src/platforms/platform.ts')?.text ?? '';
    const kinds = /type OutcomeKind =([^;]*);/.exec(port)?.[1]?.match(/\w+(?=')/g) ?? [];

    expect(kinds.map((kind) => kind.toUpperCase()).sort()).toEqual(['ABSENT', 'DONE', ...outcomes].sort());
  });

  it('knows where else a code is made at run time', () => {
    const makers = sources.filter(({ text }) => text.includes('.toUpperCase()')).map(({ path }) => path);

    // A thumbprint and a schema name, the words of Entra ID, the reasons of Dialog Insight, outcomes and two forms.
    expect(makers.sort()).toEqual([
      'config/schema-dataverse.ts',
      'src/dataverse/provisioning/names.ts',
      'src/dataverse/token-errors.ts',
      'src/platforms/dialoginsight/upsert.ts',
      'src/platforms/keap/upsert.ts',
      'src/sync/erase.ts',
      'src/sync/rehearsal-platform.ts',
      'src/sync/single-writes.ts',
      'src/sync/writes.ts',
    ]);
  });

  it('says of each error what the sources say that it is', () => {
    const wrong = kindsIn(sources).filter(([kind, code]) => {
      const [said] = entries.find(([entry]) => entry === code)?.[1] ?? [];
      return said !== 'varies' && said !== kind;
    });

    expect(kindsIn(sources).length).toBeGreaterThan(120);
    expect(wrong).toEqual([]);
  });

  it('has each code once, each with a sentence and a mend that end as sentences do', () => {
    const codes = entries.map(([code]) => code);
    const unfinished = entries.filter(
      ([, [, happened, mend]]) => ![happened, mend].every((text) => /^\S.*[.…]$/.test(text)),
    );

    expect(new Set(codes).size).toBe(codes.length);
    expect(unfinished).toEqual([]);
  });
});

describe('knownError', () => {
  it('finds the whole code before its form', () => {
    expect(knownError('HTTP_429')?.code).toBe('HTTP_429');
    expect(knownError('HTTP_502')?.code).toBe('HTTP_<status>');
    expect(knownError('SPOTLER_INVALID_PARAMS')?.code).toBe('SPOTLER_<WORD>');
    expect(knownError('ENTRA_INVALID_SCOPE')?.code).toBe('ENTRA_<WORD>');
  });

  it('knows nothing of a word of the platform', () => {
    expect(knownError('PROPERTY_INVALID')).toBeUndefined();
    expect(mendOf('HTTP_TEAPOT')).toBeUndefined();
  });
});
