import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import type { RecordRef } from '../../../config/words.ts';
import { type ClosableCrm, createCrm } from '../../../src/dataverse/index.ts';
import { noteId } from '../../../src/dataverse/notes.ts';
import {
  errorBody,
  failureOf,
  guid,
  type Organization,
  optionsOf,
  signal,
  startLogin,
  startOrganization,
} from './organization.ts';

const anna: RecordRef = { table: 'contact', id: guid(1) };
const note = { subject: 'In short', text: 'At length' };
const id = noteId(anna);
const done = { status: 204, body: '' };
const missing = { status: 404, body: errorBody('0x80040217') };
const exists = { status: 412, body: errorBody('0x80040237') };
let organization: Organization;
let crm: ClosableCrm;

beforeEach(() => {
  nock.disableNetConnect();
  startLogin();
  organization = startOrganization();
  crm = createCrm(optionsOf());
});

afterEach(() => {
  crm.close();
  nock.cleanAll();
  expect(organization.left()).toBe(0);
});

afterAll(() => nock.restore());

const write = (ref: RecordRef, isThere: boolean) => crm.writeNote?.(ref, note, isThere, signal);
const made = (): string[] => organization.calls.map(({ method, path }) => `${method} ${path}`);

describe('the id of a note', () => {
  test('is a GUID, the same each time, and another one for each record', () => {
    const others: RecordRef[] = [
      { table: 'lead', id: anna.id },
      { table: 'contact', id: guid(2) },
    ];

    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(noteId({ ...anna })).toBe(id);
    expect(new Set([id, ...others.map(noteId)]).size).toBe(3);
  });
});

describe('a note that was not written before', () => {
  test.each([
    ['contact', 'contacts'],
    ['lead', 'leads'],
    ['account', 'accounts'],
  ] as const)('is made on the timeline of a %s', async (table, set) => {
    organization.answer(done);

    expect(await write({ table, id: anna.id }, false)).toBe('done');

    expect(made()).toEqual(['POST annotations']);
    expect(JSON.parse(organization.calls[0]?.body ?? '')).toEqual({
      annotationid: noteId({ table, id: anna.id }),
      subject: 'In short',
      notetext: 'At length',
      [`objectid_${table}@odata.bind`]: `/${set}(${anna.id})`,
    });
  });

  test('and is there all the same is written again, and not made anew', async () => {
    organization.answer(exists, done);

    expect(await write(anna, false)).toBe('done');

    expect(made()).toEqual(['POST annotations', `PATCH annotations(${id})`]);
  });

  test('is not made for a record that is gone', async () => {
    organization.answer(missing);

    expect(await write(anna, false)).toBe('gone');
  });
});

describe('a note that was written before', () => {
  test('is changed, and never made by the change', async () => {
    organization.answer(done);

    expect(await write(anna, true)).toBe('done');

    expect(made()).toEqual([`PATCH annotations(${id})`]);
    expect(organization.calls[0]?.headers['if-match']).toBe('*');
    expect(JSON.parse(organization.calls[0]?.body ?? '')).toEqual({ subject: 'In short', notetext: 'At length' });
  });

  test('and was deleted since is made anew', async () => {
    organization.answer(missing, done);

    expect(await write(anna, true)).toBe('done');

    expect(made()).toEqual([`PATCH annotations(${id})`, 'POST annotations']);
  });

  test('and is gone with its record is given up', async () => {
    organization.answer(missing, missing);

    expect(await write(anna, true)).toBe('gone');
  });
});

test.each([
  ['a missing privilege', { status: 403, body: errorBody('0x80040220') }, 'config'],
  ['a 503', { status: 503, body: '<html>' }, 'retry'],
  ['a 404 for the path', { status: 404, body: errorBody('0x80060888') }, 'config'],
])('%s is an error, and not taken for an absence', async (_name, answer, kind) => {
  organization.answer(answer);

  expect(await failureOf(crm.writeNote?.(anna, note, false, signal) ?? Promise.resolve())).toMatchObject({ kind });
});
