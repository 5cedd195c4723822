/** A clock that is wrong, for processes: libfaketime, where it is installed. Timers go on; what time it is does not. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FalseClock {
  /** For the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** At once, for every process of this clock: `+6h`, `-6h`, `+0`. */
  set(offset: `${'+' | '-'}${number}${'' | 'm' | 'h' | 'd'}`): Promise<void>;
  remove(): Promise<void>;
}

const places = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
  '/usr/local/lib/faketime/libfaketimeMT.so.1',
];

export async function findFakeTime(): Promise<string | undefined> {
  for (const place of places) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  return undefined;
}

export async function startFalseClock(library: string): Promise<FalseClock> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-clock-'));
  const file = join(folder, 'offset');
  await writeFile(file, '+0');
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Setting a clock leaves the one that timers go by alone. The second name is that of older versions.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set: (offset) => writeFile(file, offset),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
