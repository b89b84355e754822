import type { ReactNode } from 'react';

/** Phone numbers, times, keys, addresses: read from left to right wherever they stand. */
export function Ltr({ children }: { children: ReactNode }) {
  return <bdi dir="ltr">{children}</bdi>;
}
