/** Text for people: columns, ages, plurals. Pure. */

/** Columns as wide as their widest cell; the last one is left ragged. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)));
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}

/** `12 s`, `5 min`, `3 h`, `2 days`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

export function when(date: Date | null): string {
  return date === null ? '-' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Why a hold came to be. */
export function holdReason(hold: {
  readonly reason: string;
  readonly window_count: number;
  readonly allowed: number;
}): string {
  const reasons: Readonly<Record<string, string>> = {
    limit: `${hold.window_count} in the window, ${hold.allowed} allowed`,
    after: 'came while another hold is open',
    'explicit-limit': `${hold.window_count} erasures within an hour, ${hold.allowed} allowed`,
  };
  return reasons[hold.reason] ?? hold.reason;
}
