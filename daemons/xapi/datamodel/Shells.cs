namespace Toolstack.Xapi.Datamodel;

// Declared partial so that other rooms compile against the references before the classes themselves arrive; the declarations of the classes replace this file.
public sealed partial record session;
public sealed partial record task;
public sealed partial record host;
