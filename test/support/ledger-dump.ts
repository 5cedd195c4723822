/** Every row of a ledger as text, to see that nothing of it was changed. */
import { Client } from 'pg';

/** Table → its rows, sorted; sequences with where they stand. */
export async function rowsOf(url: string): Promise<Record<string, string[]>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found: Record<string, string[]> = {};
    const { rows: tables } = await client.query<{ name: string; kind: string }>(`select relname as name, relkind as kind
      from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S') order by relname`);
    for (const { name, kind } of tables) {
      const what = kind === 'S' ? 'last_value::text || is_called::text' : 't::text';
      const { rows } = await client.query<{ row: string }>(`select ${what} as row from "${name}" t`);
      found[name] = rows.map(({ row }) => row).sort();
    }
    return found;
  } finally {
    await client.end();
  }
}
