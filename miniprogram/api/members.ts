import { act, get, upload } from '../lib/request'

export interface Profile {
  id: number
  nickname: string
  avatar_url: string
  birthday: string | null
  phone: string | null
  share_code: string
  bound: boolean
  created_at: string
}

/** The profile and the member's level. `growth` was earned within a year. */
export interface Me extends Profile {
  level: { position: number; name: string; colour: string; icon: string; kept_until: string | null } | null
  growth: number
  privileges: Array<{ kind: string; label: string; detail: string }>
  next_level: { name: string; growth: number; lacks: number } | null
}

export const me = (): Promise<Me> => get('/me')

export const change = (changes: Partial<Pick<Profile, 'nickname' | 'birthday'>>): Promise<Profile> => act('PUT', '/me', changes)

/** `filePath` is a picture on this device. */
export const setAvatar = (filePath: string): Promise<Profile> => upload('/me/avatar', filePath)

export const setPhone = (code: string): Promise<{ phone: string }> => act('POST', '/me/phone', { code })
