/** Whether a turn begins with the very event that ended another: the owner changed. */
export function follows(turn: string, before: string): string {
  return `${before}.resource_type = ${turn}.resource_type and ${before}.resource_id = ${turn}.resource_id
    and ${before}.service_provider = ${turn}.service_provider and ${before}.from_at <= ${turn}.from_at
    and ${before}.to_position = ${turn}.from_position and ${before}.from_position <> ${turn}.from_position`
}
