/**
 * What a gateway must not lose over time: octets, memory, descriptors.
 *
 *     node bench/gateway-long.ts [megabytes] [connections]
 *
 * First so many megabytes each way at once through one connection inside TLS, in pieces of any size with stalls at both
 * ends: the digests have to agree. Then so many connections are opened, held and closed, three times: what is reachable
 * afterwards, heap and buffers, and the descriptors say whether anything stays. Memory is what the kernel counts; the C
 * library gives little of it back, and grows less each time. The gateway is the command, in a process of its own; it collects
 * its garbage before it is looked at. It needs two descriptors for each connection.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../test/support/certificates.ts';
import { giveRestlessly, takeRestlessly } from '../test/support/restless.ts';
import { startCounter } from './support/counter.ts';
import { table } from './support/figures.ts';
import { abreast } from './support/front-figures.ts';
import { waxwingGateway } from './support/fronts.ts';
import { type ImapClient, loggedIn, type Way } from './support/imap-client.ts';
import { costOf } from './support/processes.ts';

const megabytes = Number(process.argv[2] ?? 1_000);
const connections = Number(process.argv[3] ?? 9_000);
const CYCLES = 3;
const SETTLE_MS = 3_000;
const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-'));
const heapFile = join(folder, 'heap.json');
/** Where it is told to, the gateway collects its garbage, more than once as some is found late, and says what is left. */
const COLLECTS = `
import { writeFileSync } from 'node:fs';
process.on('SIGUSR2', async () => {
  for (let n = 0; n < 4; n++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(${JSON.stringify(heapFile)}, String(heapUsed + external));
});`;

const authority = await createAuthority();
const ca = authority.certPem;
const certificate = await authority.issue({ names: ['gateway.test'] });
const mailbox = await startCounter<never>(join(import.meta.dirname, 'mailbox.ts'), {});
const gateway = await waxwingGateway(Number(mailbox.first), certificate, [
  '--expose-gc',
  '--import',
  `data:text/javascript,${encodeURIComponent(COLLECTS)}`,
]);
try {
  const [pid] = gateway.roots;
  const [way] = gateway.ways;
  if (pid === undefined || way === undefined) throw new Error('the gateway did not start');
  await pour(pid, way);
  await hold(pid, way);
} finally {
  await gateway.close();
  mailbox.close();
  await rm(folder, { recursive: true });
}

async function pour(pid: number, way: Way): Promise<void> {
  const octets = megabytes * 1_000_000;
  const client = await loggedIn(way, ca);
  await client.ask(`DUPLEX ${octets}`);
  client.release();
  const { socket } = client;
  let most = 0;
  const watch = setInterval(() => {
    void costOf([pid]).then(({ memoryMiB }) => {
      most = Math.max(most, memoryMiB);
    });
  }, 200);
  const began = performance.now();
  const [sent, taken] = await Promise.all([giveRestlessly(socket, octets), takeRestlessly(socket, octets)]);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  let told = '';
  for await (const bytes of socket) told += String(bytes);
  const [theirs = '', ours = ''] = told.split(' ');
  if (theirs !== taken || ours !== sent)
    throw new Error(`sent ${sent}, came ${ours}; sent ${theirs}, came ${taken}`);
  console.log(
    `${megabytes} MB each way at once in ${seconds.toFixed(0)} s, at most ${most.toFixed(0)} MiB of memory`,
  );
  console.log(`to the server   ${sent}, the same there`);
  console.log(`from the server ${taken}, the same there\n`);
}

async function hold(pid: number, way: Way): Promise<void> {
  const rows: (string | number)[][] = [['at the start', ...(await lookAt(pid))]];
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const clients: ImapClient[] = [];
    await abreast(connections, async () => {
      clients.push(await loggedIn(way, ca));
    });
    rows.push([`${connections} held`, ...(await lookAt(pid))]);
    const lost = clients.filter(({ socket }) => socket.destroyed || socket.readableEnded).length;
    if (lost > 0) throw new Error(`${lost} connections were lost`);
    for (const { socket } of clients) socket.destroy();
    rows.push([`closed, time ${cycle}`, ...(await lookAt(pid))]);
  }
  table(['', 'reachable MiB', 'memory MiB', 'descriptors'], rows);
}

async function lookAt(pid: number): Promise<[string, string, number]> {
  await sleep(SETTLE_MS);
  process.kill(pid, 'SIGUSR2');
  await sleep(SETTLE_MS);
  const { memoryMiB } = await costOf([pid]);
  const kept = Number(await readFile(heapFile, 'utf8')) / 1024 / 1024;
  return [kept.toFixed(1), memoryMiB.toFixed(1), (await readdir(`/proc/${pid}/fd`)).length];
}
