import { Avatar, Button, Menu, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { SignOutRegular } from '@fluentui/react-icons'
import { useInstance, useSession, useSignOut } from '../api/queries/session'
import { ConfirmDialog } from '../components/ConfirmDialog'
import { humanise } from '../lib/format'
import { forgetWork } from '../lib/forget'

export function AccountMenu() {
  const session = useSession().data
  const instance = useInstance().data
  const signOut = useSignOut()
  if (!session) return null
  const leave = () =>
    signOut.mutate(undefined, {
      onSuccess: () => {
        forgetWork()
        // A new page: nothing that this account read stays in memory.
        window.location.assign('/sign-in')
      },
    })
  return (
    <>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button appearance="subtle" aria-label={`Account of ${session.user.name}`} icon={<Avatar size={28} name={session.user.name} />} />
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuGroup>
              <MenuGroupHeader>{session.user.name} · {humanise(session.role)}{session.limited && ' · limited to device groups'}</MenuGroupHeader>
              <MenuGroupHeader>{session.user.email}</MenuGroupHeader>
            </MenuGroup>
            <MenuDivider />
            <MenuItem icon={<SignOutRegular />} onClick={leave}>Sign out</MenuItem>
            {instance && <MenuDivider />}
            {instance && <MenuGroupHeader>Palisade {instance.version} · instance {instance.instance_id} · {instance.region}</MenuGroupHeader>}
          </MenuList>
        </MenuPopover>
      </Menu>
      <ConfirmDialog open={signOut.isError} title="You are still signed in" confirm="Sign out" busy={signOut.isPending} error={signOut.error} onConfirm={leave} onClose={signOut.reset}>
        The server did not end your session.
      </ConfirmDialog>
    </>
  )
}
