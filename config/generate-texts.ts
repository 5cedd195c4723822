/** The hand-written parts of docs/configuration.md. */

export const sectionTexts = {
  tables:
    'One group for each of `contact`, `lead` and `account`; a table that is left out is not synchronised. At least one is needed. All three have these keys:',
  targets:
    'A list with one entry for each account on an email platform. Several targets, also on several platforms, are served at once; two targets on the same account are refused.',
} as const;

export const introduction = `# Configuration

<!-- Made by \`npm run generate\` from the schema in config/. Edit there. -->

The connector reads one YAML file, named with \`--config FILE\`. [config/connector.example.yaml](../config/connector.example.yaml)
shows every key with its meaning; editors that know JSON schema complete and check the file with
[config/connector.schema.json](../config/connector.schema.json) (first line of the file:
\`# yaml-language-server: $schema=./connector.schema.json\`).

**Secrets stay out of the file.** Any text may hold references:

| reference | becomes |
| --- | --- |
| \`\${NAME}\` | the environment variable \`NAME\`. One that is not set or empty is a mistake, except under \`storage\`, where it means the embedded default |
| \`\${file:PATH}\` | the content of a file without its last line break, for secrets that are mounted as files |
| \`$\${\` | a literal \`\${\` |

References are replaced in values, never in keys. A reference that is a whole value may stand for a number or for true or false
(\`port: \${PORT}\`). Relative paths start at the folder of the configuration file.

**Mistakes** are reported all at once on stderr, one line each, and end the command with exit code 2:

\`\`\`text
tables.contact.emial: is not a known key; expected email, fields, permissions, only or whenOutOfScope (did you mean email?) (line 9)
privacy.hashKey: uses the environment variable CONNECTOR_HASH_KEY, which is not set; expected CONNECTOR_HASH_KEY set in the environment (line 31)
\`\`\`

No line quotes a value, so none quotes a secret. Plain \`http:\` addresses are refused except for this machine.
\`NODE_EXTRA_CA_CERTS\`, \`HTTPS_PROXY\` and \`NO_PROXY\` are honoured, also for tokens.

**What a field can be sent from** (\`fields\`, under a table or a target's override):

| source | sends |
| --- | --- |
| \`firstname\` or \`{ column: firstname }\` | a column of the row |
| \`{ column: gendercode, as: label }\` | the text that people see of a choice, instead of its number |
| \`{ column: gendercode, map: { "1": M, "2": F } }\` | the value translated; a value that is not in \`map\` clears the property |
| \`{ lookup: parentcustomerid, column: name }\` | a column of the row that a lookup points to, one level deep; \`as\` and \`map\` work here too |
| \`{ table: true }\` | \`contact\`, \`lead\` or \`account\` |
| \`{ value: CRM }\` | a constant |

**Overrides of a target** (\`targets[].tables\`) are laid over the general tables: an entry replaces or adds, \`null\` removes it,
and a table set to \`null\` is left out for that target. The column of the address is the same for all targets.`;
