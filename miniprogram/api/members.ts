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
  /** What the binding that the member asked for waits for, in words; null if none waits. */
  binding_waits: string | null
}

/** A device on which the member is logged in; `used_at` is exact to a day. */
export interface Session {
  id: string
  created_at: string
  used_at: string
  /** This device. */
  current: boolean
}

export const sessions = async (): Promise<Session[]> => (await get<{ items: Session[] }>('/me/sessions')).items

export const endSession = (id: string): Promise<unknown> => act('DELETE', `/me/sessions/${id}`)

/** End the session of this device on the server. */
export const leave = (): Promise<unknown> => act('POST', '/logout')

export const me = (): Promise<Me> => get('/me')

export const change = (changes: Partial<Pick<Profile, 'nickname' | 'birthday'>>): Promise<Profile> => act('PUT', '/me', changes)

/** `filePath` is a picture on this device. */
export const setAvatar = (filePath: string): Promise<Profile> => upload('/me/avatar', filePath)

export const setPhone = (code: string): Promise<{ phone: string }> => act('POST', '/me/phone', { code })
