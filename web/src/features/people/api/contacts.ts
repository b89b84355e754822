import { useQuery } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data, tagged } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';

export type Contact = Schema<'Contact'>;
export type ContactInput = Schema<'ContactInput'>;

export const CONTACTS = ['contacts'] as const;

/** Digits look for numbers that begin so, everything else for a part of the name. */
export function searchOf(text: string): { number?: string; q?: string } {
  const trimmed = text.trim();
  const digits = trimmed.replace(/[\s().-]/g, '');
  if (/^\+?\d{1,15}$/.test(digits)) return { number: digits };
  return trimmed ? { q: trimmed } : {};
}

export function useContacts(listId: number, search: string) {
  return usePages([...CONTACTS, listId, search], (cursor, signal) =>
    data(
      api.GET('/api/lists/{id}/contacts', {
        params: { path: { id: listId }, query: { limit: 200, cursor, ...searchOf(search) } },
        signal,
      }),
    ),
  );
}

export function useContact(id: number) {
  return useQuery({
    queryKey: [...CONTACTS, 'one', id],
    queryFn: ({ signal }) => tagged(api.GET('/api/contacts/{id}', { params: { path: { id } }, signal })),
  });
}

export function addContact(listId: number, body: ContactInput, key: string) {
  return data(
    api.POST('/api/lists/{id}/contacts', {
      params: { path: { id: listId }, header: { 'Idempotency-Key': key } },
      body,
    }),
  );
}

export function changeContact(id: number, body: ContactInput, etag: string) {
  return data(
    api.PUT('/api/contacts/{id}', { params: { path: { id }, header: { 'If-Match': etag } }, body }),
  );
}

export function removeContact(id: number) {
  return api.DELETE('/api/contacts/{id}', { params: { path: { id } } });
}

export function useCallsTo(number: string | undefined) {
  return useQuery({
    queryKey: ['calls', 'to', number],
    enabled: number !== undefined,
    queryFn: ({ signal }) =>
      data(api.GET('/api/calls', { params: { query: { number, limit: 100 } }, signal })),
  });
}

export function useTextsTo(number: string | undefined) {
  return useQuery({
    queryKey: ['messages', 'to', number],
    enabled: number !== undefined,
    queryFn: ({ signal }) =>
      data(api.GET('/api/messages', { params: { query: { number, limit: 100 } }, signal })),
  });
}

/** Is it on a do-not-call list? */
export function useBlacklisted(number: string | undefined) {
  return useQuery({
    queryKey: ['blacklist', 'of', number],
    enabled: number !== undefined,
    queryFn: async ({ signal }) => {
      const page = await data(api.GET('/api/blacklist', { params: { query: { number, limit: 1 } }, signal }));
      return page.items.some((entry) => entry.number === number);
    },
  });
}
