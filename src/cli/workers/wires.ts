/** What a worker has of its primary: doors at which that listens, its event log, words of other workers. */
import type { Socket } from 'node:net';
import type { Doors } from '../../net/door.ts';
import { type DoorAnswer, type DoorRequests, handedOver } from '../../net/handed-over.ts';
import type { Peers, PeerWord } from '../../relay/workers/peer-word.ts';
import { type EventPipe, eventPipe } from './event-pipe.ts';
import type { Report, Signal } from './messages.ts';

export interface Wires {
  readonly doors: Doors;
  readonly events: EventPipe;
  readonly peers: Peers;
  hear(message: Signal, socket: Socket | undefined): void;
  /** The primary is gone. */
  cut(): void;
}

/** @param say tells the primary. */
export function openWires(say: (message: Report) => void): Wires {
  const requests = doorRequests(say);
  const doors = handedOver(requests);
  const events = eventPipe((lines) => say({ kind: 'events', lines }));
  const listeners: ((word: PeerWord) => void)[] = [];
  return {
    doors,
    events,
    peers: {
      tell: (word) => say({ kind: 'word', word }),
      onTold: (listener) => void listeners.push(listener),
    },
    hear(message, socket) {
      switch (message.kind) {
        case 'door':
          return requests.answered(message.request, message.answer);
        case 'connection':
          if (socket !== undefined) doors.receive(message.name, socket);
          return;
        case 'taken':
          return events.taken(message.characters);
        case 'word':
          for (const listener of listeners) listener(message.word);
      }
    },
    cut() {
      requests.cut();
      events.broken();
    },
  };
}

interface Requests extends DoorRequests {
  answered(request: number, answer: DoorAnswer): void;
  /** Nobody answers any more. */
  cut(): void;
}

function doorRequests(say: (message: Report) => void): Requests {
  const waiting = new Map<number, (answer: DoorAnswer) => void>();
  let last = 0;
  return {
    open(name) {
      last += 1;
      const request = last;
      const answer = new Promise<DoorAnswer>((resolve) => waiting.set(request, resolve));
      say({ kind: 'open', request, name });
      return answer;
    },
    close: (name) => say({ kind: 'close', name }),
    answered(request, answer) {
      waiting.get(request)?.(answer);
      waiting.delete(request);
    },
    cut() {
      const answer = { kind: 'failed', code: 'gone', because: 'the process that listens is gone' } as const;
      for (const resolve of waiting.values()) resolve(answer);
      waiting.clear();
    },
  };
}
