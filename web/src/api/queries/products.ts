import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export const securityProductsQuery = (id: string) =>
  queryOptions({
    queryKey: ['machines', id, 'security-products'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/machines/{id}/security-products', { params: { path: { id } }, signal })),
    refetchInterval: 15_000,
  })
