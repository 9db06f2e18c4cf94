import { Avatar, Button, Menu, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { SignOutRegular } from '@fluentui/react-icons'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useInstance, useSession, useSignOut } from '../api/queries/session'
import { humanise } from '../lib/format'

export function AccountMenu() {
  const session = useSession().data
  const instance = useInstance().data
  const signOut = useSignOut()
  const client = useQueryClient()
  const navigate = useNavigate()
  if (!session) return null
  const leave = () =>
    signOut.mutate(undefined, {
      onSettled: () => {
        client.clear()
        void navigate({ to: '/sign-in' })
      },
    })
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" aria-label={`Account of ${session.user.name}`} icon={<Avatar size={28} name={session.user.name} />} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{session.user.name} · {humanise(session.role)}</MenuGroupHeader>
            <MenuGroupHeader>{session.user.email}</MenuGroupHeader>
          </MenuGroup>
          <MenuDivider />
          <MenuItem icon={<SignOutRegular />} onClick={leave}>Sign out</MenuItem>
          {instance && <MenuDivider />}
          {instance && <MenuGroupHeader>Palisade {instance.version} · instance {instance.instance_id} · {instance.region}</MenuGroupHeader>}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
