import { createBrowserRouter } from 'react-router-dom';
import type { Role } from '@/lib/api/session';
import { RequireSession } from './RequireSession';
import { AbsentPage, BrokenPage } from './StatusPages';

/** What a route may say of itself: the least role that sees it. */
export interface RouteHandle {
  role?: Role;
}

const administrator: RouteHandle = { role: 'Administrator' };
const manager: RouteHandle = { role: 'CampaignManager' };

/** A route's module exports Component; it is loaded when somebody goes there. */
export function makeRouter() {
  return createBrowserRouter([
    {
      errorElement: <BrokenPage />,
      children: [
        { path: '/sign-in', lazy: () => import('@/features/auth/routes/SignIn') },
        { path: '/forgot-password', lazy: () => import('@/features/auth/routes/ForgotPassword') },
        { path: '/invite', lazy: () => import('@/features/auth/routes/TakeUp') },
        { path: '/reset', lazy: () => import('@/features/auth/routes/TakeUp') },
        { path: '/setup', lazy: () => import('@/features/setup/routes/Setup') },
        {
          element: <RequireSession />,
          children: [
            {
              lazy: () => import('./shell/Shell'),
              children: [
                {
                  // Inside the shell: a page that stumbles leaves the navigation standing.
                  errorElement: <BrokenPage inside />,
                  children: [
                    { index: true, lazy: () => import('./Home') },
                    { path: 'dashboard', lazy: () => import('@/features/dashboard/routes/Dashboard') },
                    { path: 'campaigns', lazy: () => import('@/features/campaigns/routes/CampaignList') },
                    {
                      path: 'campaigns/new',
                      handle: manager,
                      lazy: () => import('@/features/campaigns/routes/NewCampaign'),
                    },
                    { path: 'campaigns/:id', lazy: () => import('@/features/campaigns/routes/CampaignPage') },
                    {
                      path: 'campaigns/:id/edit',
                      handle: manager,
                      lazy: () => import('@/features/campaigns/routes/EditCampaign'),
                    },
                    {
                      path: 'campaigns/:id/rehearsal',
                      lazy: () => import('@/features/campaigns/routes/RehearsalPage'),
                    },
                    { path: 'people', lazy: () => import('@/features/people/routes/Lists') },
                    {
                      path: 'people/upload',
                      handle: manager,
                      lazy: () => import('@/features/people/routes/UploadPage'),
                    },
                    { path: 'people/imports/:id', lazy: () => import('@/features/people/routes/ImportPage') },
                    {
                      path: 'people/contacts/:id',
                      lazy: () => import('@/features/people/routes/ContactPage'),
                    },
                    { path: 'people/:id', lazy: () => import('@/features/people/routes/ListPage') },
                    {
                      path: 'users',
                      handle: administrator,
                      lazy: () => import('@/features/users/routes/UserList'),
                    },
                    {
                      path: 'keys',
                      handle: administrator,
                      lazy: () => import('@/features/keys/routes/KeyList'),
                    },
                    {
                      path: 'settings',
                      handle: administrator,
                      lazy: () => import('@/features/settings/routes/SettingsPage'),
                    },
                    {
                      path: 'audit',
                      handle: administrator,
                      lazy: () => import('@/features/audit/routes/AuditPage'),
                    },
                    {
                      path: 'account',
                      lazy: () => import('@/features/account/routes/Account'),
                    },
                    { path: '*', element: <AbsentPage /> },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ]);
}
