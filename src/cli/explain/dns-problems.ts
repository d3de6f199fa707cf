/** What the DNS says of a destination that keeps mail from it, whatever the policies say. */
import { types } from '../../dns/record.ts';
import type { Domain } from '../../names/domain.ts';
import type { HostFacts } from '../../policies/dane/hosts.ts';
import { answerTo, type Explained, type LookedUp } from './explained.ts';
import { usableOf } from './hosts.ts';
import { faultOf, findOut, hostOwner, owner, type Problem, sender, waitText } from './remedies.ts';

export function dnsProblems({ facts, verdict }: LookedUp, explained: Explained): Problem[] {
  const { domain, way, hosts } = facts;
  switch (way.kind) {
    case 'unknown':
      return [unknownHosts(domain, explained)];
    case 'no-such-domain':
      return [noSuchDomain(domain)];
    case 'null':
      return [takesNoMail(domain, explained)];
    case 'implicit':
      if (hosts.some(({ facts: host }) => host.kind === 'absent')) return [neitherMxNorAddress(domain)];
      break;
    case 'hosts':
    case 'configured':
      break;
  }
  const others = usableOf(verdict.hosts).length > 0;
  return hosts.flatMap(({ facts: host }) => hostProblem(host, domain, others, explained) ?? []);
}

function unknownHosts(domain: Domain, explained: Explained): Problem {
  const answer = answerTo(explained.answers, domain, types.MX);
  if (answer?.kind === 'found') {
    return {
      says: `The MX records of ${domain} name no host: an address or the like stands where a name has to be.`,
      fix: [owner(`Have the MX records of ${domain} name hosts, and give those their addresses.`)],
    };
  }
  const { bogus, says } = faultOf(explained, `The MX records of ${domain}`, domain, 'MX');
  const meanwhile = 'Nobody knows which hosts are the right ones, so mail goes to none';
  return {
    says: `${says} ${meanwhile}; ${waitText(explained)}.`,
    fix: [
      owner(
        bogus
          ? `Have the zone of ${domain} signed anew, with a DS in the zone above that fits its keys.`
          : `See to it that the name servers of ${domain} answer the question for its MX records.`,
      ),
      findOut(domain, 'MX', bogus),
      sender(
        `If you know the right host from its owner: a [[route]] with match = "${domain}" and to = "smtp://HOST" sends the mail there.`,
      ),
    ],
  };
}

function noSuchDomain(domain: Domain): Problem {
  return {
    says: `There is no domain ${domain}.`,
    fix: [
      sender('Look for a misspelt address: mail to this one is returned to its sender.'),
      owner(`Have ${domain} registered and delegated, with an MX record.`),
    ],
  };
}

function takesNoMail(domain: Domain, { answers }: Explained): Problem {
  const proof =
    answerTo(answers, domain, types.MX)?.status === 'secure'
      ? 'DNSSEC proves it'
      : 'it is not proven, so somebody on the path could have put it there';
  return {
    says: `${domain} says that it takes no mail at all: its only MX record is the null MX, "0 ." (RFC 7505); ${proof}.`,
    fix: [
      sender('Nothing is broken: there is no mailbox to write to. Use another address.'),
      owner(`If ${domain} is to take mail, put MX records that name its mail hosts in place of "0 .".`),
    ],
  };
}

function neitherMxNorAddress(domain: Domain): Problem {
  return {
    says: `${domain} has neither MX records nor an address, so there is no host that could take its mail.`,
    fix: [
      owner(`Publish an MX record for ${domain} that names its mail host.`),
      sender('Look for a misspelt address: mail to this one is returned to its sender.'),
    ],
  };
}

function hostProblem(
  host: HostFacts,
  domain: Domain,
  others: boolean,
  explained: Explained,
): Problem | undefined {
  const name = host.host;
  const rest = others
    ? 'Other hosts of the domain can be used.'
    : 'No other host can be used, so mail waits.';
  if (host.kind === 'found') return undefined;
  if (host.kind === 'absent') {
    return {
      says: `The mail host ${name} has no address. ${rest}`,
      fix: [
        hostOwner(
          name,
          domain,
          `Give ${name} an A or AAAA record, or take the MX record that names it away.`,
        ),
      ],
    };
  }
  const { bogus, says } = faultOf(explained, `The addresses of the mail host ${name}`, name, 'A', 'AAAA');
  return {
    says: `${says} ${rest}`,
    fix: [
      hostOwner(
        name,
        domain,
        bogus
          ? `Have the zone of ${name} signed anew, with a DS in the zone above that fits its keys.`
          : `See to it that the name servers of ${name} answer questions for its addresses.`,
      ),
      findOut(name, 'A', bogus),
    ],
  };
}
