/** Codes about the configuration, and about a ledger that does not belong to it. */
import type { ErrorGroup } from './entry.ts';

export const configurationErrors: ErrorGroup = {
  title: 'Configuration',
  where: 'Every command and the start of the worker (exit code 2), `connector check` and `/readyz`.',
  entries: {
    CONFIGURATION_INVALID: [
      'config',
      'The file cannot be used. Each mistake is a line: path in the file, what is wrong, what is expected.',
      'Correct every line that is named; docs/configuration.md describes each key.',
    ],
    CONFIGURATION_DIFFERS: [
      'config',
      'The command was started with another configuration than the one in force.',
      'Name the file in force with --config, or let connector start or connector sync take this one over first.',
    ],
    CONFIGURATION_SUPERSEDED: [
      'config',
      'Another process took over with another configuration; this one does nothing more.',
      'Restart this process with the new configuration.',
    ],
    CONFIGURATION_CONTESTED: [
      'retry',
      'Other processes keep taking over with configurations of their own.',
      'See that every process of one database has the same configuration, then run the command again.',
    ],
    SETTINGS_INVALID: [
      'config',
      "A target's own settings are not usable for its platform; the sentence names them.",
      'Correct them; docs/configuration.md lists the keys of each platform.',
    ],
    IDENTITY_UNSUPPORTED: [
      'config',
      'identity: record is set for a platform that tells people apart by address.',
      'Leave identity out, or set it to address.',
    ],
    TARGET_CHANGED: [
      'config',
      'A target leads to another account, or has another identity, than its ledger was made with.',
      'Put the former account or identity back; if the change is meant, run: connector targets accept NAME.',
    ],
    TARGET_REMOVED: [
      'config',
      'A target was taken out of the configuration while people or open erasures of it are known.',
      'Put it back until it is empty, or give it up knowingly: --abandon NAME. Whoever is there then has to be erased by hand.',
    ],
    NOTHING_TO_ABANDON: [
      'config',
      '--abandon names a target that is still configured, or that nobody knows.',
      'Take the target out of the configuration first, or correct its name.',
    ],
    ORGANIZATION_CHANGED: [
      'config',
      'dataverse.url leads to another organization than the one the ledger was made with.',
      'Put the former address back, or use a database (or storage.dataDir) of its own for the other organization.',
    ],
    REKEY_NEEDED: [
      'config',
      'privacy.hashKey was changed and the former key is listed.',
      'Stop every worker and run: connector rekey.',
    ],
    HASH_KEY_DIFFERS: [
      'config',
      'privacy.hashKey is not the key that this ledger was made with.',
      'Put the former key back; to change it, list the former one under privacy.previousHashKeys and run connector rekey.',
    ],
    HASH_KEY_UNKNOWN: [
      'config',
      "connector rekey does not find the ledger's key among privacy.previousHashKeys.",
      'List the key that the ledger was made with there, and run connector rekey again.',
    ],
    MARKETING_JOBS_OFF: [
      'config',
      'Something asks for Marketing Jobs, and they are switched off.',
      'Remove marketingJobs: false from the configuration, or leave the question out.',
    ],
    EADDRINUSE: [
      'config',
      'Another program listens on server.host and server.port.',
      'Choose another server.port, or 0 for any free one.',
    ],
    EACCES: [
      'config',
      'This user may not listen on server.port.',
      'Choose a server.port from 1024 up, or 0 for any free one.',
    ],
    EADDRNOTAVAIL: [
      'config',
      'server.host is no address of this machine.',
      'Set server.host to an address of this machine, e.g. 127.0.0.1.',
    ],
  },
};
