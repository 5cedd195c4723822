/**
 * Prism between our Keap adapter and the simulator: it checks each request and each answer against the vendor's
 * description and answers a violation in place of the service. In front of it a recorder, which also takes off `/crm`:
 * the description has it in the server's address, and Prism serves without it. Keeps no bodies.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import { closeServer, listen } from '../../fixtures/simulators/kit/server.ts';

export interface Judged {
  /** Method and path template. */
  readonly kind: string;
  readonly status: number;
  /** `Error` or `Warning`, where, and what; never the value. */
  readonly violations: readonly string[];
}

export interface Prism {
  /** To be given to the adapter as its base URL. */
  readonly baseUrl: string;
  readonly judged: readonly Judged[];
  close(): Promise<void>;
}

/** @param upstream the simulator's address, with `/crm` */
export async function startPrism(description: string, upstream: string): Promise<Prism> {
  const cli = createRequire(import.meta.url).resolve('@stoplight/prism-cli/dist/index.js');
  const prism = spawn(
    process.execPath,
    [cli, 'proxy', '--errors', '-h', '127.0.0.1', '-p', '0', description, upstream],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const judged: Judged[] = [];
  const agent = new http.Agent({ keepAlive: true });
  let relay: http.Server | undefined;

  async function close(): Promise<void> {
    if (relay) await closeServer(relay);
    agent.destroy();
    if (prism.exitCode !== null || prism.signalCode !== null) return;
    prism.kill('SIGKILL');
    await once(prism, 'exit');
  }

  try {
    const target = new URL(await addressOf(prism));
    const server = http.createServer((incoming, outgoing) => {
      const path = (incoming.url ?? '/').replace(/^\/crm(?=\/)/, '');
      const { method = 'GET', headers } = incoming;
      const options = { agent, host: target.hostname, port: target.port, method, path, headers };
      const onward = http.request(options, (answer) => {
        judged.push({
          kind: `${method} ${templateOf(path)}`,
          status: answer.statusCode ?? 0,
          violations: violationsOf(answer),
        });
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    relay = server;
    return { baseUrl: `http://127.0.0.1:${await listen(server, 0)}/crm/rest/v2`, judged, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where it listens, as it prints it. */
async function addressOf(prism: ReturnType<typeof spawn>): Promise<string> {
  let printed = '';
  for (const stream of [prism.stdout, prism.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      if (printed.length < 20_000) printed += text;
    });
  }
  return new Promise((resolve, reject) => {
    prism.stdout?.on('data', () => {
      const address = /listening on (http:\/\/[\d.]+:\d+)/.exec(printed)?.[1];
      if (address) resolve(address);
    });
    prism.once('error', reject);
    prism.once('exit', () => reject(new Error(`Prism ended before it listened: ${printed.slice(0, 2000)}`)));
  });
}

function templateOf(path: string): string {
  return (path.split('?', 1)[0] ?? '')
    .replace(/(?<=\/emailAddresses\/)[^/]+/, '{email}')
    .replace(/(?<=\/contacts\/)(?!model$)[^/]+/, '{contact_id}');
}

/** Prism names what it tolerates in a header, and what it does not in a problem document with that header or without. */
function violationsOf({ statusCode, headers }: http.IncomingMessage): string[] {
  const listed = headers['sl-violations'];
  // Where they would not fit, the header says so in words.
  if (typeof listed === 'string' && !listed.startsWith('[')) return [`Error: ${listed}`];
  if (typeof listed === 'string') {
    const violations = JSON.parse(listed) as { severity: string; location: string[]; message: string }[];
    return violations.map(({ severity, location, message }) => `${severity} ${location.join('.')}: ${message}`);
  }
  const isProblem = headers['content-type']?.startsWith('application/problem+json') ?? false;
  return isProblem ? [`Error: Prism refuses the request with ${statusCode}`] : [];
}
