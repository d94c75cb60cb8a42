using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Builders of groups: an empty list gives nothing, a single step stands for itself.</summary>
internal static class Groups
{
    internal static ImmutableArray<Atomic> Parallel(string vm, string description, ImmutableArray<Atomic> atoms) =>
        atoms.Length < 2 ? atoms : [new Atomic.Parallel(vm, description, atoms)];

    internal static ImmutableArray<Atomic> NestedParallel(string vm, string description, ImmutableArray<Atomic> atoms) =>
        atoms.Length < 2 ? atoms : [new Atomic.Nested_parallel(vm, description, atoms)];

    internal static ImmutableArray<Atomic> Serial(string vm, string description, ImmutableArray<Atomic> atoms) =>
        atoms.Length < 2 ? atoms : [new Atomic.Serial(vm, description, atoms)];
}
