/** A project at one cloud. Each cloud has ids of its own. */
export interface OwnProject {
  readonly service_provider: string
  readonly project: string
}

/** What a user may see: `all` is everything, a list is what belongs to these projects. */
export type Viewer = 'all' | readonly OwnProject[]

/** Whether something that belongs to a project at a cloud may be shown. */
export function maySee(viewer: Viewer, serviceProvider: string, project: string | null): boolean {
  return (
    viewer === 'all' ||
    viewer.some(own => own.service_provider === serviceProvider && own.project === project)
  )
}
