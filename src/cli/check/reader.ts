/** Whoever reads the output of a check may go away before its end: nobody takes part of a list for all of it. */
import { endWithoutReader } from '../usage.ts';

/** What was written until then. */
export interface Written {
  readonly results: number;
  /** Undefined where nobody knows how many there are. */
  readonly of: number | undefined;
}

export interface ReaderTerms {
  /** Hears that somebody reads no more; stdout. */
  readonly stream: Pick<NodeJS.EventEmitter, 'on' | 'removeListener'>;
  /** Whether all of it is one page for a person: whoever closes a pager or has `head` cut it off knows. */
  readonly isPage: boolean;
  readonly written: () => Written;
  readonly tell: (message: string) => void;
  readonly exit: (code: number) => void;
}

/** Of wrong usage, as whatever is not to be taken for a result. */
const INCOMPLETE = 2;

/** In place of what other commands do. @returns what ends that. */
export function watchReader({ stream, isPage, written, tell, exit }: ReaderTerms): () => void {
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' || isPage) {
      endWithoutReader(error);
      return;
    }
    const { results, of } = written();
    const whole = of ?? results;
    const share = of === undefined ? String(results) : `${results} of ${of}`;
    tell(`${share} ${whole === 1 ? 'target' : 'targets'} written; the reader went away`);
    exit(INCOMPLETE);
  };
  stream.removeListener('error', endWithoutReader);
  stream.on('error', onError);
  return () => {
    stream.removeListener('error', onError);
    stream.on('error', endWithoutReader);
  };
}
