/**
 * The advisor as Postfix asks it, by socketmap: answers that are kept, a store full of policies, domains that are new.
 *
 *     node bench/advisor.ts [known] [rounds] [seconds] [stored] [look-ups] [new]
 *
 * 1. Answers that are kept, of `known` domains, against Debian's postfix-mta-sts-resolver, as it is shipped, with policies in SQLite, and
 *    with policies in memory only: the same keys, the same answers, the same client in a process of its own, which looks at every answer. A
 *    wrong one ends the bench. Each is asked in turn for `seconds`, in the other order in every second round; figures are medians, ratios
 *    those of the rounds. The last one is a server on Node that does no more than look an answer up in a map: what Node and the kernel
 *    take from whoever answers so.
 * 2. `stored` policies in the database, put there through the store: memory, the start, look-ups of domains by chance.
 * 3. Domains that nobody has asked for, `new` of them, each a signed zone, with empty caches everywhere.
 *
 * The servers run on the first core, and this process with the policy hosts and the client on the last one, but where it says so.
 */
import { tellContest } from './support/advisor-contest.ts';
import { tellDiscovery } from './support/advisor-discovery.ts';
import { openAdvisorLab } from './support/advisor-lab.ts';
import { tellStored } from './support/advisor-stored.ts';
import { takeLastCore } from './support/cores.ts';

const known = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 5);
const seconds = Number(process.argv[4] ?? 3);
const stored = Number(process.argv[5] ?? 1_000_000);
const lookUps = Number(process.argv[6] ?? 20_000);
const fresh = Number(process.argv[7] ?? 300);

const where = await takeLastCore();
const lab = await openAdvisorLab({ known, fresh });
try {
  console.log(`The client is ${where}; ${rounds} rounds`);
  console.log(`\n## Answers that are kept, of ${known} domains`);
  await tellContest(lab, known, rounds, seconds);
  console.log('\n## Policies in the store\n');
  await tellStored(lab, stored, lookUps);
  console.log(`\n## ${fresh} new domains\n`);
  await tellDiscovery(lab, fresh, rounds);
} finally {
  await lab.close();
}
