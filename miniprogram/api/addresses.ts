import { act, get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface AddressForm {
  name: string
  phone: string
  province: string
  city: string
  district: string
  detail: string
  is_default: boolean
}

export interface Address extends AddressForm {
  id: number
}

export const addresses = async (): Promise<Address[]> => (await get<Listed<Address>>('/addresses')).items

export const add = (form: AddressForm): Promise<Address> => act('POST', '/addresses', form)

export const change = (id: number, form: AddressForm): Promise<Address> => act('PUT', `/addresses/${id}`, form)

export const remove = (id: number): Promise<unknown> => act('DELETE', `/addresses/${id}`)
