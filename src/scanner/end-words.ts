/** How a connection ended, as a sentence for people. */
import type { Step, VisitEnd } from '../findings/observation.ts';

const places: Readonly<Record<Step, string>> = {
  greeting: 'before its greeting was there',
  hello: 'before its hello was answered',
  starttls: 'before STARTTLS was answered',
  handshake: 'in the handshake of TLS',
  inside: 'inside TLS, before it said what it offers',
  again: 'inside TLS',
  goodbye: 'before it said goodbye',
  probe: 'before all was asked',
};

/** What is said of why something could not be looked at. */
export function wordsOfEnd(end: VisitEnd): string {
  switch (end.kind) {
    case 'throttled':
      return `it sent us away for now: ${end.answer.text}`;
    case 'blocked':
      return `it does not talk to us: ${end.answer.text}`;
    case 'refused':
      return `it refused to go on: ${end.answer.text}`;
    case 'closed':
      return `it closed the connection ${places[end.at]}`;
    case 'timeout':
      return `it was not done after ${Math.max(1, Math.round(end.ms / 1000))} s: time was up ${places[end.at]}`;
    case 'broken':
      return end.because;
    case 'not-connected':
      return 'there was no connection';
    case 'without-tls':
      return 'this connection did not come to TLS';
    case 'complete':
      return 'all that was asked was answered';
  }
}
