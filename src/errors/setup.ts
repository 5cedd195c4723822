/** Codes that only `connector setup` tells. */
import type { ErrorGroup } from './entry.ts';

export const setupErrors: ErrorGroup = {
  title: 'Setting up',
  where: '`connector setup`. It is safe to run again: what is done is found again.',
  entries: {
    SETUP_LANGUAGE: [
      'config',
      'The base language of the organization cannot be read.',
      "Grant prvReadOrganization to the application user's role.",
    ],
    SETUP_NAME: [
      'config',
      'A table or column of the configuration cannot be created under its name.',
      'Set the key that is named to a name with one prefix of 2 to 8 letters and digits before an underscore, or create it by hand.',
    ],
    SETUP_OPTIONS: [
      'config',
      'The values of marketingJobs.options cannot be created.',
      "Begin all of them with the five digits of one publisher's prefix, e.g. 140000000, or create the choice by hand.",
    ],
    SETUP_NOT_SEEN: [
      'retry',
      'Dataverse accepted a change and does not show it yet.',
      'Run connector setup again a little later.',
    ],
    SETUP_NOT_YET: [
      'retry',
      'Dataverse does not know something yet that a next step needs.',
      'Run connector setup again a little later.',
    ],
  },
};
