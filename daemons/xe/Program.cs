Console.Error.WriteLine("xe: not built yet");
return 1;
