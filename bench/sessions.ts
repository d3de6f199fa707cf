/**
 * What clients cost that do nothing: the relay's memory for each session, in clear and inside TLS, and a rush.
 *
 *     node bench/sessions.ts [sessions] [rush]
 *
 * The relay is a process of its own; its memory is what the kernel says (PSS), once nothing has happened for a while.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createAuthority } from '../test/support/certificates.ts';
import { plain as waxwing } from './support/contest.ts';
import { costOf } from './support/processes.ts';
import type { Relay } from './support/relays.ts';

const sessions = Number(process.argv[2] ?? 2_000);
const rush = Number(process.argv[3] ?? 5_000);
/** Opened at the same time. */
const ABREAST = 50;
const SETTLE_MS = 3_000;
const PATIENCE_MS = 30_000;

const authority = await createAuthority();
await report(`${sessions} idle sessions in clear`, (relay) => idle(relay, greeted));
await report(`${sessions} idle sessions inside TLS`, (relay) => idle(relay, secured));
await report(`${rush} connections at once`, rushed);

async function report(what: string, measure: (relay: Relay) => Promise<string>): Promise<void> {
  const relay = await waxwing.start({ sink: 9, tls: 'none', deliver: 'at once', authority });
  try {
    console.log(`${what}: ${await measure(relay)}`);
  } finally {
    await relay.close();
  }
}

async function idle(relay: Relay, open: (port: number) => Promise<Socket>): Promise<string> {
  // The first sessions load what all others share.
  for (let n = 0; n < ABREAST; n++) (await open(relay.port)).destroy();
  const before = await settled(relay);
  const sockets: Socket[] = [];
  const began = performance.now();
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < sessions) sockets.push(await open(relay.port));
  };
  await Promise.all(Array.from({ length: ABREAST }, lane));
  const took = performance.now() - began;
  const after = await settled(relay);
  for (const socket of sockets) socket.destroy();
  const each = ((after - before) * 1024) / sessions;
  const opened = `opened in ${(took / 1000).toFixed(1)} s`;
  return `${each.toFixed(1)} KiB each, ${after.toFixed(0)} MiB in all; ${opened}`;
}

async function settled(relay: Relay): Promise<number> {
  await sleep(SETTLE_MS);
  return (await costOf(relay.roots)).memoryMiB;
}

async function rushed(relay: Relay): Promise<string> {
  const began = performance.now();
  const words = await Promise.all(Array.from({ length: rush }, () => firstWord(relay.port)));
  const took = performance.now() - began;
  const count = (code: string): number => words.filter(({ said }) => said.startsWith(code)).length;
  const [served, refused] = [count('220 '), count('421 ')];
  for (const { socket } of words) socket.destroy();
  await sleep(500);
  (await greeted(relay.port)).destroy();
  const others = rush - served - refused;
  return `${served} served, ${refused} told to come later, ${others} neither; in ${(took / 1000).toFixed(1)} s`;
}

async function greeted(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await answer(socket, '220 ');
  socket.write('EHLO bench.test\r\n');
  await answer(socket, '250-');
  return socket;
}

async function secured(port: number): Promise<Socket> {
  const plain = await greeted(port);
  plain.write('STARTTLS\r\n');
  await answer(plain, '220 ');
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write('EHLO bench.test\r\n');
  await answer(socket, '250-');
  return socket;
}

async function answer(socket: Socket, code: string): Promise<void> {
  const [bytes]: Buffer[] = await once(socket, 'data');
  const said = String(bytes);
  if (!said.startsWith(code)) throw new Error(`instead of ${code} came ${said}`);
}

/** The first that the relay says, as far as it says anything in time. */
function firstWord(port: number): Promise<{ readonly socket: Socket; readonly said: string }> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (said: string): void => {
      clearTimeout(timer);
      resolve({ socket, said });
    };
    const timer = setTimeout(() => settle('silence'), PATIENCE_MS);
    socket.once('data', (bytes: Buffer) => settle(bytes.toString('latin1')));
    socket.once('error', (error) => settle(String(error)));
    socket.once('close', () => settle('closed'));
  });
}
