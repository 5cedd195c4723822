import { describe, expect, test } from '@jest/globals';
import type { FieldSource } from '../../../../config/settings.ts';
import type { CheckFinding } from '../../../../src/platforms/platform.ts';
import { answers, discovers, failureOf, notFound, open, propertyList, signal, table, watchCalls } from './support.ts';

watchCalls();

const searchPath = '/contact/search?MPSearchQuery=email%3Dconnector-check%40nobody.invalid&pageSize=1000';

function lookUpsAnswer(): void {
  answers('get', '/contact/connector-check-nonce', 404, notFound);
  answers('get', searchPath, 200, { contacts: [] });
}

async function findingsWith(fields: Record<string, FieldSource>, permissions: Record<string, string> = {}) {
  discovers();
  lookUpsAnswer();
  const { findings } = await open({ tables: { contact: { ...table, fields, permissions } } }).check(signal);
  return findings;
}

function failed(findings: readonly CheckFinding[]): string[] {
  for (const finding of findings) expect(finding.mend === '').toBe(finding.ok);
  return findings.filter((finding) => !finding.ok).map((finding) => finding.subject);
}

const column: FieldSource = { kind: 'column', column: 'x', as: 'value' };
const label: FieldSource = { kind: 'column', column: 'x', as: 'label' };
const constant = (value: string | number | boolean): FieldSource => ({ kind: 'constant', value });

describe('check', () => {
  test('of an account that has everything finds nothing to mend', async () => {
    const fields = { firstName: column, birthday: column, score: constant(3), gender: { ...label, map: { 1: 'M' } } };
    const findings = await findingsWith(fields, { Newsletter: 'n', 'Product news': 'p' });
    expect(failed(findings)).toEqual([]);
    expect(findings.map((finding) => finding.subject)).toEqual([
      'Spotler credentials',
      'Spotler look-up by external id and by address',
      'property email',
      'property firstName',
      'property birthday',
      'property score',
      'property gender',
      'permission Newsletter',
      'permission Product news',
      'external id',
    ]);
  });

  test.each<[string, string, FieldSource]>([
    ['that is not there', 'lastName', column],
    ['email, which is the address', 'email', column],
    ['permissions', 'permissions', column],
    ['that is a list of choices', 'list1', column],
    ['of numbers given a label', 'score', label],
    ['of numbers given the table', 'score', { kind: 'table' }],
    ['of numbers given a text', 'score', constant('many')],
    ['of dates given the table', 'birthday', { kind: 'table' }],
    ['of dates given a text', 'birthday', constant('soon')],
    ['of gender given another word', 'gender', constant('female')],
  ])('refuses a property %s', async (_name, name, source) => {
    expect(failed(await findingsWith({ [name]: source }))).toEqual([`property ${name}`]);
  });

  test('names a permission that is not there', async () => {
    expect(failed(await findingsWith({}, { Newsletters: 'n' }))).toEqual(['permission Newsletters']);
  });

  test('names a permission that was renamed', async () => {
    discovers();
    lookUpsAnswer();
    const tables = { contact: { ...table, fields: {}, permissions: { Weekly: 'n' } } };
    const { findings } = await open({ tables, permissionBits: { Weekly: 4 } }).check(signal);
    expect(failed(findings)).toEqual(['permission Weekly']);
  });

  test('says each finding of several tables once', async () => {
    discovers();
    lookUpsAnswer();
    const wrong = { ...table, fields: { other: column }, permissions: {} };
    const { findings } = await open({ tables: { contact: wrong, lead: wrong } }).check(signal);
    expect(failed(findings)).toEqual(['property other']);
  });

  test('of an account without visible permissions and address names both', async () => {
    discovers(propertyList.filter(({ name }) => name !== 'permissions' && name !== 'email'));
    lookUpsAnswer();
    const tables = { contact: { ...table, fields: {}, permissions: {} } };
    const { findings } = await open({ tables }).check(signal);
    expect(failed(findings)).toEqual(['property email', 'permissions']);
  });

  test('of refused credentials says so and how to mend it', async () => {
    answers('get', '/contact/properties/list', 401, '');
    const { findings } = await open().check(signal);
    expect(findings).toMatchObject([{ ok: false, subject: 'Spotler credentials' }]);
    expect(findings[0]?.mend).toContain('consumerKey');
  });

  test('of a wrong path says so and how to mend it', async () => {
    answers('get', '/contact/properties/list', 404, '<html></html>');
    const { findings } = await open().check(signal);
    expect(findings[0]).toMatchObject({ ok: false, mend: expect.stringContaining('/integrationservice') });
  });

  test('notices a path without a search', async () => {
    discovers();
    answers('get', '/contact/connector-check-nonce', 404, notFound);
    answers('get', searchPath, 404, { errorType: 'RESOURCE_NOT_FOUND', message: '' });
    const { findings } = await open().check(signal);
    expect(failed(findings)).toEqual(['Spotler look-up by external id and by address']);
  });

  test('throws when Spotler cannot be reached', async () => {
    answers('get', '/contact/properties/list', 503, '');
    expect(await failureOf(open().check(signal))).toMatchObject({ kind: 'retry' });
  });
});
