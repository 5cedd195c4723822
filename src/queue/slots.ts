/**
 * Keeps a process from doing the same thing too often at once. Guarantees: at most `limit` runs of one key at a time;
 * a request that finds no place is not lost, one of those running goes round once more after it. Knows nothing of
 * other processes.
 */
export interface Slots {
  /** Runs the work now, or has a running one repeat it. Throws what the work throws. */
  run(key: string, limit: number, work: () => Promise<void>): Promise<'done' | 'joined'>;
}

interface Slot {
  running: number;
  again: boolean;
}

export function createSlots(): Slots {
  const slots = new Map<string, Slot>();
  return {
    async run(key, limit, work) {
      const slot = slots.get(key) ?? { running: 0, again: false };
      if (slot.running >= limit) {
        slot.again = true;
        return 'joined';
      }
      slots.set(key, slot);
      slot.running += 1;
      try {
        do {
          slot.again = false;
          await work();
        } while (slot.again);
      } finally {
        slot.running -= 1;
        if (slot.running === 0) slots.delete(key);
      }
      return 'done';
    },
  };
}
