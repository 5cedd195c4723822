/** Searching what a run left behind: rows of a database as text, files as bytes, logs. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { findLeaks, type PersonalString } from '../../fixtures/people/index.ts';

export interface Dump {
  readonly tables: number;
  readonly rows: number;
  readonly text: string;
}

/** Every row of every table that is not PostgreSQL's own. */
export async function dumpDatabase(client: Client): Promise<Dump> {
  const tables = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    for (const { row } of rows) lines.push(`${name} ${row}`);
  }
  return { tables: tables.rows.length, rows: lines.length, text: lines.join('\n') };
}

/** Every file below a folder. */
export async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Bytes searched at once: preparing a search costs as much as some megabytes of searching. */
const portion = 96 * 1024 * 1024;

/** What of these occurs in the files, each as `address as base64: value`. */
export async function leaksInFiles(files: readonly string[], strings: readonly PersonalString[]): Promise<string[]> {
  const leaks = new Set<string>();
  let waiting: Buffer[] = [];
  let size = 0;
  const search = (): void => {
    for (const leak of findLeaks(Buffer.concat(waiting), strings)) leaks.add(describeLeak(leak));
    waiting = [];
    size = 0;
  };
  for (const file of files) {
    const content = await readFile(file);
    waiting.push(content, Buffer.from('\n'));
    size += content.length;
    if (size > portion) search();
  }
  search();
  return [...leaks];
}

export function leaksInText(text: string, strings: readonly PersonalString[]): string[] {
  return findLeaks(text, strings).map(describeLeak);
}

function describeLeak({ kind, form, value }: PersonalString): string {
  return `${kind} as ${form}: ${value}`;
}
