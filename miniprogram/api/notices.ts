import { act, get } from '../lib/request'

export interface Template {
  key: string
  template_id: string
  title: string
}

export const templates = async (): Promise<Template[]> => (await get<{ items: Template[] }>('/notices/templates', {}, 'guest')).items

export const report = (results: Record<string, string>): Promise<unknown> => act('POST', '/notices/subscriptions', { results })
