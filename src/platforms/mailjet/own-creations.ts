/**
 * Whom this process created and has not finished yet. Mailjet takes a creation and its consents in several calls: where
 * one of the later calls fails, the repetition finds somebody who is there already, and would not give them the consents
 * of a creation. So until they are finished, it is remembered that whoever has the address and an id above a certain one
 * was created here: ids grow. Not remembered beyond this process: after a crash the consents stay down, which `explain`
 * shows. Bounded; forgetting errs to the same side.
 */
import type { Personal } from '../../../config/words.ts';
import { normaliseAddress } from '../address.ts';
import type { Contact } from './schema.ts';

export interface OwnCreations {
  /**
   * From now on, a contact with this address and an id above `floor` was created here. Answers false when an earlier
   * floor stays.
   */
  begin(address: Personal<string>, floor: number): boolean;
  /** Whether this contact was created here and is not finished. */
  has(contact: Contact): boolean;
  finish(address: Personal<string>): void;
}

const most = 10_000;

export function createOwnCreations(): OwnCreations {
  const floors = new Map<string, number>();

  return {
    begin(address, floor) {
      const key = normaliseAddress(address.reveal());
      if (floors.has(key)) return false;
      if (floors.size >= most) floors.clear();
      floors.set(key, floor);
      return true;
    },
    has({ Email, ID }) {
      const floor = floors.get(normaliseAddress(Email));
      return floor !== undefined && ID > floor;
    },
    finish(address) {
      floors.delete(normaliseAddress(address.reveal()));
    },
  };
}
