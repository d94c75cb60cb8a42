Console.Error.WriteLine("message-switch: not built yet");
return 1;
