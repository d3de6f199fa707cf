/**
 * What look-ups and their proofs cost: the DNS client and the validator, beside unbound.
 *
 *     node bench/dns.ts [domains] [rounds] [at once]
 *
 * 1. Validation alone: answers of the lab in memory, one thread. Cold: the whole chain, keys made anew, nothing known. Warm:
 *    zones and their keys are known, the answer is read and proven each time.
 * 2. The same beside unbound: what it takes with validation less what it takes without.
 * 3. Zones that are made to cost much.
 * 4. Domains never asked for before, each a signed zone of its own with two mail hosts: MX, and of each host A, AAAA and
 *    TLSA; over UDP through unbound. `domains` of them are signed for this run, which takes a while.
 * 5. Different questions at the same time, to one resolver.
 *
 * CPU is of the whole process with its threads, unbound's of its own. All CPU figures grow where the neighbours of a core are
 * busy: what one check of a signature takes at the time stands above each table.
 */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { takeLastCore } from './support/cores.ts';
import { mailHierarchy, tellDomains } from './support/dns-domains.ts';
import { tellFlood } from './support/dns-flood.ts';
import { openPlace } from './support/dns-place.ts';
import { tellTraps } from './support/dns-traps.ts';
import { tellBesideUnbound, tellValidation } from './support/dns-validation.ts';

const domains = Number(process.argv[2] ?? 300);
const rounds = Number(process.argv[3] ?? 5);
const atOnce = Number(process.argv[4] ?? 10_000);
const CHECKS = 3_000;

const lab = await openPlace();
const mail = await openPlace(mailHierarchy(domains));
try {
  console.log(`This process is ${await takeLastCore()}`);
  title('Validation alone, zones of the lab below a root of RSA-2048 and a registry of P-256');
  await tellValidation(lab);
  title("Names below a wildcard, each asked once, zones known: CPU of a question's validation");
  await tellBesideUnbound(lab);
  title('Traps: the zones above are known, the trap is not');
  await tellTraps(lab);
  title(`${domains} new domains with two mail hosts, P-256, medians of ${rounds} rounds, CPU of a domain`);
  await tellDomains(mail, domains, rounds);
  title('Different questions in one turn of the event loop, to one resolver');
  await tellFlood(mail, atOnce);
} finally {
  await mail.close();
  await lab.close();
}

function title(text: string): void {
  console.log(`\n## ${text}\n\nOne check of P-256 takes ${oneCheckUs().toFixed(0)} µs of CPU now.\n`);
}

function oneCheckUs(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const data = Buffer.alloc(300);
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const began = process.threadCpuUsage();
  for (let index = 0; index < CHECKS; index += 1) {
    verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  }
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / CHECKS;
}
