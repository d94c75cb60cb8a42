using Xunit;
namespace Toolstack.Tests;
public class SkeletonTests { [Fact] public void Runs() => Assert.True(Environment.ProcessId > 0); }
