import { createContext, useContext, useEffect, useRef } from 'react';
import type { LiveConnection } from './connection';
import type { LiveMessage, Topic } from './protocol';

export const LiveContext = createContext<LiveConnection | null>(null);

/** Calls run with the messages of a topic, once a frame at most, while the component is shown.
 * null: nothing is followed. A message of type "gap" says that some were missed. */
export function useLive(topic: Topic | null, run: (messages: LiveMessage[]) => void): void {
  const connection = useContext(LiveContext);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!connection || !topic) return;
    return connection.subscribe(topic, (messages) => latest.current(messages));
  }, [connection, topic]);
}
