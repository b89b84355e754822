import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';
import { CONTACTS } from './contacts';
import { LISTS } from './lists';
import type { Preview } from './uploads';

export type Import = Schema<'Import'>;
export type Field = NonNullable<Preview['columns'][number]['field']>;
/** What each column is; null: it is kept under its title. */
export type Meaning = (Field | null)[];

export const IMPORTS = ['imports'] as const;

export interface Reading {
  sheet?: string;
  map?: string;
  no_header?: boolean;
}

/** Fields that several columns may hold: the first that has a number is dialled. */
const MANY = new Set<Field>(['phone']);

export function meaningOf(preview: Preview): Meaning {
  return preview.columns.map((column) => column.field);
}

/** The field that two columns claim, if any. */
export function claimedTwice(meaning: Meaning): Field | null {
  const claimed = meaning.filter((field): field is Field => field !== null && !MANY.has(field));
  return claimed.find((field, i) => claimed.indexOf(field) !== i) ?? null;
}

/** How the service is to read the file: nothing where its own understanding is not changed. */
export function readingOf(preview: Preview, meaning: Meaning, sheet?: string): Reading {
  const changed = preview.columns.some((column, i) => column.field !== meaning[i]);
  const map = meaning.flatMap((field, i) => (field ? [`${field}=${preview.columns[i]?.title ?? ''}`] : []));
  return {
    sheet: sheet ?? (preview.sheet || undefined),
    map: changed || preview.no_header ? map.join(';') : undefined,
    no_header: preview.no_header || undefined,
  };
}

export function usePreview(uploadId: number | null, sheet: string | undefined) {
  return useQuery({
    queryKey: ['preview', uploadId, sheet],
    enabled: uploadId !== null,
    retry: false,
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/uploads/{id}/preview', {
          params: { path: { id: uploadId ?? 0 }, query: { sheet } },
          signal,
        }),
      ),
  });
}

export function importUpload(uploadId: number, listId: number, reading: Reading, key: string) {
  return data(
    api.POST('/api/uploads/{id}/import', {
      params: {
        path: { id: uploadId },
        query: { list_id: listId, ...reading },
        header: { 'Idempotency-Key': key },
      },
    }),
  );
}

export function isOver(state: Import['state']): boolean {
  return state !== 'queued' && state !== 'running';
}

const LOOK_MS = 500;

export function useImport(id: number | null) {
  return useQuery<Import>({
    queryKey: [...IMPORTS, id],
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && isOver(query.state.data.state) ? false : LOOK_MS),
    queryFn: ({ signal }) =>
      data(api.GET('/api/imports/{id}', { params: { path: { id: id ?? 0 } }, signal })),
  });
}

export function useImportsOf(listId: number) {
  return usePages([...IMPORTS, 'of', listId], (cursor, signal) =>
    data(api.GET('/api/imports', { params: { query: { list_id: listId, limit: 100, cursor } }, signal })),
  );
}

/** After an import, or its undoing, lists and people are others. */
export function useImportChange(change: 'cancel' | 'undo') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      change === 'undo'
        ? data(api.POST('/api/imports/{id}/undo', { params: { path: { id } } }))
        : data(api.POST('/api/imports/{id}/cancel', { params: { path: { id } } })),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: IMPORTS }),
        client.invalidateQueries({ queryKey: LISTS }),
        client.invalidateQueries({ queryKey: CONTACTS }),
      ]),
  });
}
